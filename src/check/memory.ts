import { firstSharing, type Interval, joinIntervals } from '../acpi/interval.js';
import { E820, type MemoryRange } from '../host/host.js';

/** The firmware's memory map, asked about regions as Linux asks it. */
export class LinuxMemoryMap {
  readonly #ranges: readonly MemoryRange[];
  readonly #mapped: readonly Interval[];
  readonly #reserved: readonly Interval[];

  constructor(ranges: readonly MemoryRange[]) {
    this.#ranges = ranges;
    this.#mapped = joinIntervals(ranges);
    this.#reserved = joinIntervals(ranges.filter(({ type }) => type === E820.reserved));
  }

  /**
   * Whether Linux is content with a region (arch/x86/include/asm/iommu.h, arch_rmrr_sanity_check): all
   * of it reserved, or none of it in the map at all.
   *
   * @param base first byte
   * @param limit last byte
   */
  suits(base: bigint, limit: bigint): boolean {
    if (firstSharing(this.#mapped, base, limit + 1n) === undefined) return true;
    const found = firstSharing(this.#reserved, base, limit + 1n);
    return found !== undefined && found.start <= base && found.end > limit;
  }

  /** The first range of the map, not reserved, that holds an address of `base` to `limit`, inclusive. */
  otherThanReserved(base: bigint, limit: bigint): MemoryRange | undefined {
    return this.#ranges.find(
      ({ start, end, type }) => type !== E820.reserved && start <= limit && end > base,
    );
  }
}
