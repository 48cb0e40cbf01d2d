import { E820 } from '../../machine/host.js';
import { type E820Entry, HIGH_MEMORY_START } from '../libxl/layout.js';
import type { Hvmloader } from './releases.js';

/** First byte after what hvmloader hands out as it goes. */
export const DYNAMIC_END = 0xfe00_0000n;

/** The end of the guest's RAM below and above 4 GiB, in bytes; 0 where it has none above. */
export interface RamEnds {
  lowmemEnd: bigint;
  highmemEnd: bigint;
}

/** Whether [start, start + size) overlaps an entry; entries of 0 bytes overlap nothing that begins at or after them. */
export const overlapsEntry = (start: bigint, size: bigint, entry: E820Entry): boolean =>
  start + size > entry.start && start < entry.start + entry.size;

/** The reserved entries of a map: what libxl was told of as reserved device memory. */
export const reservedEntries = (map: readonly E820Entry[]): E820Entry[] =>
  map.filter(({ type }) => type === E820.reserved);

/**
 * The reserved entries that hvmloader stops at, since they lie in memory that it hands out (e820.c,
 * memory_map_setup). Nothing checks other fixed addresses.
 */
export const dynamicConflicts = (
  map: readonly E820Entry[],
  { dynamicStart }: Hvmloader,
): E820Entry[] =>
  reservedEntries(map).filter((entry) =>
    overlapsEntry(dynamicStart, DYNAMIC_END - dynamicStart, entry),
  );

/** Brings libxl's map in line with where RAM ends by now (e820.c, adjust_memory_map). */
export function adjustMemoryMap(
  map: readonly E820Entry[],
  { lowmemEnd, highmemEnd }: RamEnds,
  { losesHighRam }: Hvmloader,
): E820Entry[] {
  let hasHighRam = highmemEnd === 0n;
  const adjusted = map.map((entry): E820Entry => {
    if (entry.type !== E820.ram) return entry;
    const { start, size } = entry;
    if (lowmemEnd > start && lowmemEnd < start + size) return { ...entry, size: lowmemEnd - start };
    if (hasHighRam || start !== HIGH_MEMORY_START) return entry;
    hasHighRam = true;
    return { ...entry, size: highmemEnd - start };
  });
  return hasHighRam || losesHighRam
    ? adjusted
    : [
        ...adjusted,
        { start: HIGH_MEMORY_START, size: highmemEnd - HIGH_MEMORY_START, type: E820.ram },
      ];
}
