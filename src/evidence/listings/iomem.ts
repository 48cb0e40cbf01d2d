import { memoryType } from '../memory-types.js';
import type { Listing } from './listing.js';

/** `00000000-00000fff : Reserved`; what belongs to another range is indented. */
const RANGE = /^[ >]{0,4}?([0-9a-f]{8,16})-([0-9a-f]{8,16}) : ([^\n]{1,100})$/i;

/** The firmware's memory map as `/proc/iomem` shows it to root (Linux, kernel/resource.c); ends are inclusive. */
export const iomem: Listing = ({ lines }, { facts }) => {
  let begun = false;
  for (const line of lines) {
    const [, first, last, name = ''] = RANGE.exec(line) ?? [];
    if (first === undefined || last === undefined || /^\s/.test(line)) continue;
    const [start, end] = [BigInt(`0x${first}`), BigInt(`0x${last}`)];
    const type = memoryType(name);
    // Other users than root are shown zeros.
    if (type === null || end === 0n) continue;
    if (!begun) facts.memoryMap('listing');
    begun = true;
    facts.memory('listing', start, end + 1n, type);
  }
};
