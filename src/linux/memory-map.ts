import { E820, type MemoryRange } from '../machine/host.js';

const PAGE = 0x1000n;
const MIB = 0x10_0000n;
/** Where a PC has its video memory and its firmware, which Linux takes for no RAM whatever the map says. */
const FIRMWARE_AREA = 0xa_0000n;

/** What becomes of a range of the firmware's map before drivers see it (arch/x86/kernel/setup.c, trim_bios_range). */
function trim(range: MemoryRange): MemoryRange[] {
  if (range.type !== E820.ram) return [range];
  const pieces: MemoryRange[] = [];
  const add = (start: bigint, end: bigint, type: number) => {
    const piece = {
      start: start > range.start ? start : range.start,
      end: end < range.end ? end : range.end,
      type,
    };
    if (piece.start < piece.end) pieces.push(piece);
  };
  add(0n, PAGE, E820.reserved);
  add(PAGE, FIRMWARE_AREA, E820.ram);
  add(MIB, range.end, E820.ram);
  return pieces;
}

/** Types of memory that Linux leaves to drivers (arch/x86/kernel/e820.c, do_mark_busy); all others are taken. */
const FREE_TYPES: ReadonlySet<number> = new Set([
  E820.reserved,
  E820.softReserved,
  E820.persistent,
  E820.persistentLegacy,
]);

/** The firmware's memory map, asked as Linux asks it. */
export class LinuxMemoryMap {
  readonly #ranges: readonly MemoryRange[];

  constructor(ranges: readonly MemoryRange[]) {
    this.#ranges = ranges
      .flatMap(trim)
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  }

  /**
   * The type of the last range that a region touches, where ranges without a gap between them cover all of it
   * (arch/x86/kernel/e820.c, e820__get_entry_type).
   *
   * @param base first byte
   * @param limit last byte, inclusive
   * @returns null where they do not cover it; so for a region that reaches to the end of 64 bits
   */
  typeAt(base: bigint, limit: bigint): number | null {
    const end = BigInt.asUintN(64, limit + 1n);
    let start = base;
    for (const range of this.#ranges) {
      if (range.start >= end || range.end <= start) continue;
      if (range.start <= start) start = range.end;
      if (start >= end) return range.type;
    }
    return null;
  }

  /**
   * Whether Linux is content with a region's place: reserved memory, or ACPI NVS where the kernel takes that for
   * reserved (arch/x86/include/asm/iommu.h, arch_rmrr_sanity_check).
   *
   * @param base first byte
   * @param limit last byte, inclusive
   * @param nvs whether ACPI NVS will do
   */
  suits(base: bigint, limit: bigint, nvs = true): boolean {
    const type = this.typeAt(base, limit);
    return type === E820.reserved || (nvs && type === E820.nvs);
  }

  /**
   * A range of the map that keeps a driver from claiming addresses: memory that is in use, anything of the first
   * MiB, or a range that holds only some of them.
   *
   * @param start first byte
   * @param end first byte after them
   */
  taken(start: bigint, end: bigint): MemoryRange | undefined {
    return this.#ranges.find(
      (range) =>
        range.start < end &&
        range.end > start &&
        (range.start < MIB ||
          !FREE_TYPES.has(range.type) ||
          range.start > start ||
          range.end < end),
    );
  }

  /** The first range of the map, not reserved, that holds an address of `base` to `limit`, inclusive. */
  otherThanReserved(base: bigint, limit: bigint): MemoryRange | undefined {
    return this.#ranges.find(
      ({ start, end, type }) => type !== E820.reserved && start <= limit && end > base,
    );
  }
}
