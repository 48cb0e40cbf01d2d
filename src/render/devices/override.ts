import type { DeviceReport } from '../../answers/devices.js';

/** Whether Linux would give a device away with a table that does not name it. */
export const helpsOverride = ({ linux: { reason } }: Pick<DeviceReport, 'linux'>): boolean =>
  reason === 'binding';

/** The command that makes a table which names none of the devices. */
export const overrideCommand = (devices: readonly string[]): string =>
  `dmar override ${devices.map((device) => `--drop-device ${device}`).join(' ')}`;
