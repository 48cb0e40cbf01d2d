import { firstSharing, type Interval, joinIntervals } from '../../base/interval.js';
import { E820, type MemoryRange } from '../../machine/host.js';

/** The firmware's memory map, asked about regions as Linux asks it. */
export class LinuxMemoryMap {
  readonly #ranges: readonly MemoryRange[];
  readonly #reserved: readonly Interval[];

  constructor(ranges: readonly MemoryRange[]) {
    this.#ranges = ranges;
    this.#reserved = joinIntervals(ranges.filter(({ type }) => type === E820.reserved));
  }

  /**
   * Whether Linux is content with a region: all of it must be reserved, so that addresses which are not
   * in the map at all are no better than RAM (arch/x86/include/asm/iommu.h, arch_rmrr_sanity_check).
   *
   * @param base first byte
   * @param limit last byte
   */
  suits(base: bigint, limit: bigint): boolean {
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
