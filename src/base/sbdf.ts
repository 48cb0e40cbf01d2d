import { requireText } from './arguments.js';
import { hexDigits } from './hex.js';

/** Address of a PCI function: segment, bus, device, function. */
export interface Sbdf {
  segment: number;
  bus: number;
  device: number;
  func: number;
}

/** A segment as it stands in an address: `0000`. */
export const formatSegment = (segment: number): string => hexDigits(segment, 4);

/** Whether two addresses are of the same function. */
export const sameSbdf = (a: Sbdf, b: Sbdf): boolean =>
  a.segment === b.segment && a.bus === b.bus && a.device === b.device && a.func === b.func;

/** `0000:00:1d.0`, as Linux and Xen write it. */
export const formatSbdf = ({ segment, bus, device, func }: Sbdf): string =>
  `${hexDigits(segment, 4)}:${hexDigits(bus, 2)}:${hexDigits(device, 2)}.${hexDigits(func)}`;

/**
 * Reads `0000:00:1d.0`, or `00:1d.0` on segment 0, all in hex. Segments beyond 16 bits are Linux's own:
 * it numbers the buses behind Intel's VMD from `10000` on, and no DMAR table can name them.
 *
 * @returns null where the text is no such address, device over 1f and function over 7 included
 */
export function parseSbdf(text: string): Sbdf | null {
  requireText(text, 'text');
  const match = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/i.exec(text);
  if (match === null) return null;
  const [segment = 0, bus = 0, device = 0, func = 0] = match
    .slice(1)
    .map((part) => Number.parseInt(part ?? '0', 16));
  return device > 0x1f ? null : { segment, bus, device, func };
}

/** One number per PCI address, in the addresses' order; bits 31:16 are the segment. */
export const sbdfKey = (segment: number, bus: number, device: number, func: number): number =>
  segment * 0x1_0000 + bus * 0x100 + device * 8 + func;

/** The {@link sbdfKey} of an address. */
export const keyOf = ({ segment, bus, device, func }: Sbdf): number =>
  sbdfKey(segment, bus, device, func);

/** The address of which `bdf` holds bus, device and function in bits 15:8, 7:3 and 2:0. */
export const sbdfOf = (segment: number, bdf: number): Sbdf => ({
  segment,
  bus: bdf >> 8,
  device: (bdf >> 3) & 0x1f,
  func: bdf & 7,
});

/** A device scope's hops as text: `1c.0/00.0`. */
export const formatHops = (path: readonly (readonly [device: number, func: number])[]): string =>
  path.map(([device, func]) => `${hexDigits(device, 2)}.${hexDigits(func)}`).join('/');

/**
 * A device scope's path as text before it is resolved: `0000:00:1c.0/00.0`, start, then each hop. With
 * a single hop this is the device's own address.
 */
export const formatPath = (
  segment: number,
  startBus: number,
  path: readonly (readonly [device: number, func: number])[],
): string => `${hexDigits(segment, 4)}:${hexDigits(startBus, 2)}:${formatHops(path)}`;

/** Where a device scope's path starts, and its hops. */
export interface ScopePath {
  /** null where the text names none. */
  segment: number | null;
  startBus: number;
  path: [device: number, func: number][];
}

const HOP = '[0-9a-f]{1,2}\\.[0-9a-f]{1,2}';
const PATH_TEXT = new RegExp(`^(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):(${HOP}(?:/${HOP})*)$`, 'i');

/**
 * The inverse of {@link formatPath}; the segment may be left out. Device and function may be any byte,
 * since a table's path can hold any.
 *
 * @returns null where the text is no such path
 */
export function parsePath(text: string): ScopePath | null {
  const match = PATH_TEXT.exec(text);
  if (match === null) return null;
  const [, segment, startBus = '', hops = ''] = match;
  const path = hops.split('/').map((hop): [number, number] => {
    const [device = '', func = ''] = hop.split('.');
    return [Number.parseInt(device, 16), Number.parseInt(func, 16)];
  });
  return {
    segment: segment === undefined ? null : Number.parseInt(segment, 16),
    startBus: Number.parseInt(startBus, 16),
    path,
  };
}
