import { PAGE_SIZE } from '../base/address.js';
import { indexOfFirst } from '../base/search.js';
import { E820, type MemoryRange } from '../machine/host.js';

const PAGE_SHIFT = 12n;
/** Frames are accounted for in blocks of 2^16, 256 MiB. */
const BLOCK_SHIFT = 16n;

/** Types that make a page good enough for an RMRR, wholly or in part. */
const RESERVED_TYPES: ReadonlySet<number> = new Set([
  E820.reserved,
  E820.acpi,
  E820.nvs,
  E820.unusable,
]);

/** The firmware's memory map, asked as Xen asks it; ranges may come in any order. */
export class MemoryMap {
  readonly #ranges: readonly MemoryRange[];

  constructor(ranges: readonly MemoryRange[]) {
    this.#ranges = ranges
      .filter((range) => range.start < range.end)
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  }

  /**
   * First page of a region that an RMRR must not claim: one that is neither reserved, ACPI or unusable
   * memory, not even in part, nor wholly unmapped (Xen 4.19, xen/drivers/passthrough/iommu.c,
   * iommu_unity_region_ok; xen/arch/x86/mm.c, page_get_ram_type). Pages that a range or a gap holds
   * alike are judged in one step, so the size of the region costs nothing.
   *
   * @param first first page's frame
   * @param last last page's frame, inclusive; below `first` no page is asked about
   * @returns the frame, or null where every page may be claimed
   */
  firstUnclaimable(first: bigint, last: bigint): bigint | null {
    let frame = first;
    while (frame <= last) {
      const start = frame << PAGE_SHIFT;
      const touched = this.#touching(start, start + PAGE_SIZE);
      if (touched.length > 0 && !touched.some(({ type }) => RESERVED_TYPES.has(type))) return frame;
      const uniformEnd = this.#uniformUntil(start) >> PAGE_SHIFT;
      frame = uniformEnd > frame ? uniformEnd : frame + 1n;
    }
    return null;
  }

  /**
   * Whether a frame belongs to memory Xen keeps account of: below the end of the highest whole page of
   * RAM, in a block of frames that holds some RAM, the first block always counting (xen/arch/x86/mm.c,
   * mfn_valid; xen/arch/x86/setup.c).
   */
  isValidFrame(frame: bigint): boolean {
    const block = frame >> BLOCK_SHIFT;
    const ram = this.#ranges
      .filter((range) => range.type === E820.ram)
      .map(({ start, end }) => ({
        first: (start + PAGE_SIZE - 1n) >> PAGE_SHIFT,
        after: end >> PAGE_SHIFT,
      }))
      .filter(({ first, after }) => after > first);
    return (
      ram.some(({ after }) => frame < after) &&
      (block === 0n ||
        ram.some(
          ({ first, after }) =>
            first >> BLOCK_SHIFT <= block && (after - 1n) >> BLOCK_SHIFT >= block,
        ))
    );
  }

  #touching(start: bigint, end: bigint): MemoryRange[] {
    const touching: MemoryRange[] = [];
    for (let i = this.#firstEndingAfter(start); i < this.#ranges.length; i++) {
      const range = this.#ranges[i] as MemoryRange;
      if (range.start >= end) break;
      touching.push(range);
    }
    return touching;
  }

  /** Address up to which the map says the same as at `address`: where the range or the gap ends. */
  #uniformUntil(address: bigint): bigint {
    const next = this.#ranges[this.#firstEndingAfter(address)];
    if (next === undefined) return 1n << 64n;
    return next.start > address ? next.start : next.end;
  }

  /** Index of the first range that ends after `address`; the number of ranges where none does. */
  #firstEndingAfter(address: bigint): number {
    return indexOfFirst(this.#ranges, ({ end }) => end > address);
  }
}
