import { PAGE_SIZE } from '../base/address.js';
import { indexOfFirst } from '../base/search.js';
import { E820, type MemoryRange } from '../machine/host.js';

const PAGE_SHIFT = 12n;
/** Frames are accounted for in blocks of 2^16, 256 MiB. */
const BLOCK_SHIFT = 16n;

/** Types that Xen knows; it takes a page of any other for a gap in the map. */
const KNOWN_TYPES: ReadonlySet<number> = new Set([
  E820.ram,
  E820.reserved,
  E820.acpi,
  E820.nvs,
  E820.unusable,
]);

/** Types that make a page good enough for an RMRR, wholly or in part. */
const RESERVED_TYPES: ReadonlySet<number> = new Set([
  E820.reserved,
  E820.acpi,
  E820.nvs,
  E820.unusable,
]);

/** The firmware's memory map, asked as Xen asks it; ranges may come in any order. */
export class MemoryMap {
  readonly #ranges: MemoryRange[];

  constructor(ranges: readonly MemoryRange[]) {
    this.#ranges = ranges
      .filter((range) => range.start < range.end)
      .map((range) => ({ ...range }))
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
   * First page of a region that an IVMD must not claim; pages of gaps before it become reserved, for the
   * regions that come later too (xen/drivers/passthrough/amd/iommu_acpi.c, parse_ivmd_block).
   *
   * @param first first page's frame
   * @param last last page's frame, inclusive; below `first` no page is asked about
   * @param test `right`: a page must be reserved, ACPI or unusable memory, at least in part; `inverted`: it
   *   must not be, unless the whole region is reserved
   * @returns the frame, or null where every page may be claimed
   */
  firstUnreservable(first: bigint, last: bigint, test: 'right' | 'inverted'): bigint | null {
    const end = (last << PAGE_SHIFT) + PAGE_SIZE;
    if (this.#isAllReserved(first << PAGE_SHIFT, end)) return null;
    for (let frame = first; frame <= last; ) {
      const start = frame << PAGE_SHIFT;
      const touched = this.#touching(start, start + PAGE_SIZE);
      const uniformEnd = this.#uniformUntil(start) >> PAGE_SHIFT;
      const next = uniformEnd > frame ? uniformEnd : frame + 1n;
      if (!touched.some(({ type }) => KNOWN_TYPES.has(type))) {
        if (touched.length > 0) return frame;
        this.#reserve(start, (next > last ? last + 1n : next) << PAGE_SHIFT);
      } else if (touched.some(({ type }) => RESERVED_TYPES.has(type)) !== (test === 'right')) {
        return frame;
      }
      frame = next;
    }
    return null;
  }

  /** Whether addresses up to `end`, exclusive, are in reserved ranges (xen/arch/x86/e820.c, e820_all_mapped). */
  #isAllReserved(start: bigint, end: bigint): boolean {
    let at = start;
    for (const range of this.#ranges) {
      if (range.type === E820.reserved && range.start <= at && range.end > at) at = range.end;
    }
    return start < end && at >= end;
  }

  /**
   * Makes whole pages of a gap reserved, one after the other (xen/arch/x86/e820.c, e820_add_range). A page
   * right below a reserved range is not added to that range: the range as it is moves down by a page.
   */
  #reserve(start: bigint, end: bigint): void {
    const at = this.#firstEndingAfter(start);
    const before = this.#ranges[at - 1];
    const after = this.#ranges[at];
    if (before?.end === start && before.type === E820.reserved) before.end = end;
    else if (after?.start === start + PAGE_SIZE && after.type === E820.reserved) {
      after.start -= PAGE_SIZE;
      after.end -= PAGE_SIZE;
    } else this.#ranges.splice(at, 0, { start, end, type: E820.reserved });
  }

  /**
   * Turns a run of RAM into reserved memory (xen/arch/x86/e820.c, reserve_e820_ram).
   *
   * @param end exclusive
   * @returns false, and nothing done, where it is not all in one range of RAM
   */
  reserveRam(start: bigint, end: bigint): boolean {
    const at = this.#ranges.findIndex((range) => range.start <= start && end <= range.end);
    const range = this.#ranges[at];
    if (range?.type !== E820.ram) return false;
    const pieces = [
      { ...range, end: start },
      { start, end, type: E820.reserved },
      { ...range, start: end },
    ];
    this.#ranges.splice(at, 1, ...pieces.filter((piece) => piece.start < piece.end));
    return true;
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
