import type { DeviceScope } from '../../acpi/dmar/device-scope.js';
import { formatPath } from '../../base/sbdf.js';

/** The device a scope entry names, before its path is resolved: `0000:00:1c.0/00.0`. */
export const pathOf = (segment: number, { startBusNumber, path }: DeviceScope): string =>
  formatPath(segment, startBusNumber, path);
