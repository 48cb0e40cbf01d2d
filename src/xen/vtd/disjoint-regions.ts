import { indexOfFirst } from '../../base/search.js';

/** A region of memory, bounds inclusive. */
export interface Region {
  readonly base_address: bigint;
  readonly end_address: bigint;
}

/** Regions a bucket may hold before it is split in two. */
const BUCKET_SIZE = 512;

/**
 * Regions that do not overlap, kept in the order of their addresses, so that finding an overlap among
 * hundreds of thousands stays quick. Buckets bound how much an insertion has to move.
 */
export class DisjointRegions<R extends Region> {
  readonly #buckets: R[][] = [[]];

  /** A region that shares a byte with [base, end], or null; either bound may be the greater. */
  overlapping(base: bigint, end: bigint): R | null {
    // Of disjoint regions the last to begin by `end` also ends last, so no other needs a look.
    const bucket = this.#buckets[this.#bucketOf(end)] as R[];
    const region = bucket[countUpTo(bucket, end) - 1];
    return region !== undefined && region.end_address >= base ? region : null;
  }

  /** Adds a region that overlaps none of those here. */
  add(region: R): void {
    const index = this.#bucketOf(region.base_address);
    const bucket = this.#buckets[index] as R[];
    bucket.splice(countUpTo(bucket, region.base_address), 0, region);
    if (bucket.length > BUCKET_SIZE) {
      this.#buckets.splice(index + 1, 0, bucket.splice(BUCKET_SIZE / 2));
    }
  }

  /** Index of the last bucket whose first region begins by `address`; 0 where none does. */
  #bucketOf(address: bigint): number {
    if (this.#buckets.length === 1) return 0;
    const after = indexOfFirst(
      this.#buckets,
      ([first]) => first !== undefined && first.base_address > address,
    );
    return Math.max(after - 1, 0);
  }
}

/** How many regions of a sorted bucket begin by `address`. */
const countUpTo = (bucket: readonly Region[], address: bigint): number =>
  indexOfFirst(bucket, ({ base_address }) => base_address > address);
