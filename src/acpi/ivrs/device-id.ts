import { hexDigits } from '../../base/hex.js';
import { formatSbdf, sbdfOf } from '../../base/sbdf.js';

/**
 * A device ID as an address on a segment: bus in bits 15:8, device in 7:3, function in 2:0 (AMD I/O
 * virtualization specification, "DeviceID").
 */
export const deviceOfId = (segment: number, deviceId: number): string =>
  formatSbdf(sbdfOf(segment, deviceId));

/** A device ID as bus, device and function, `00:14.0`, where the segment is told elsewhere. */
export function deviceIdText(deviceId: number): string {
  const { bus, device, func } = sbdfOf(0, deviceId);
  return `${hexDigits(bus, 2)}:${hexDigits(device, 2)}.${func}`;
}
