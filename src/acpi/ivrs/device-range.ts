import { type DeviceEntry, ENTRY } from './device-entry.js';
import type { Ivhd } from './ivhd.js';

/** Devices that one entry of an IVHD, or a start and an end of a range, put behind its IOMMU. */
export interface DeviceRange {
  /** Device IDs, both inclusive. */
  readonly first: number;
  readonly last: number;
  /** The entry, or the start of the range. */
  readonly entry: DeviceEntry;
  /** The end of the range; null for a single device, for all, and for a start without an end. */
  readonly end: DeviceEntry | null;
  /** Under which ID they issue their requests; null: each under its own. */
  readonly sourceDeviceId: number | null;
}

/** The highest device ID. */
export const LAST_DEVICE_ID = 0xffff;

const STARTS: readonly number[] = [
  ENTRY.rangeStart,
  ENTRY.aliasRangeStart,
  ENTRY.extendedRangeStart,
];
const SINGLES: readonly number[] = [
  ENTRY.select,
  ENTRY.aliasSelect,
  ENTRY.extendedSelect,
  ENTRY.acpi,
];

/** Whether an entry begins a range, whose end is to follow it. */
export const isRangeStart = ({ type }: DeviceEntry): boolean => STARTS.includes(type);

/**
 * The devices behind an IOMMU, entry by entry, special devices aside (AMD I/O virtualization specification,
 * "IVHD Device Entries"). A start of a range without its end is taken for one device.
 */
export function deviceRanges({ deviceEntries }: Ivhd): DeviceRange[] {
  return deviceEntries.flatMap((entry, i): DeviceRange[] => {
    const { type, deviceId } = entry;
    const sourceDeviceId = 'sourceDeviceId' in entry ? entry.sourceDeviceId : null;
    const range = (first: number, last: number, end: DeviceEntry | null = null) => [
      { first, last, entry, end, sourceDeviceId },
    ];
    if (type === ENTRY.all) return range(0, LAST_DEVICE_ID);
    if (SINGLES.includes(type)) return range(deviceId, deviceId);
    if (!isRangeStart(entry)) return [];
    const next = deviceEntries[i + 1];
    return next?.type === ENTRY.rangeEnd
      ? range(deviceId, next.deviceId, next)
      : range(deviceId, deviceId);
  });
}
