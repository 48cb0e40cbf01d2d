import { hex } from './hex.js';

/** Bytes of a page, for Xen on x86 and for the alignment the VT-d specification asks of RMRRs. */
export const PAGE_SIZE = 4096n;

/** A physical address as `0x` and 16 lower-case hex digits. */
export const formatAddress = (address: bigint): string => hex(address, 16);

/** A region for a sentence: `[0x…, 0x…]`, the limit inclusive. */
export const formatRange = (base: bigint, limit: bigint): string =>
  `[${formatAddress(base)}, ${formatAddress(limit)}]`;

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** A number of bytes for people: `80 KiB`, `1.5 GiB`, `1 byte`. */
export function formatSize(bytes: bigint): string {
  if (bytes === 1n) return '1 byte';
  let unit = 0;
  let scale = 1n;
  while (unit < UNITS.length - 1 && bytes >= scale * 1024n) {
    scale *= 1024n;
    unit++;
  }
  const tenths = (bytes * 10n) / scale;
  const rounded = tenths % 10n === 0n ? `${tenths / 10n}` : `${tenths / 10n}.${tenths % 10n}`;
  return `${rounded} ${UNITS[unit]}`;
}
