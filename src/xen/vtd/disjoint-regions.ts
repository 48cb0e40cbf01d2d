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
    let low = 0;
    let high = this.#buckets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const [first] = this.#buckets[middle] as R[];
      if ((first as R).base_address <= address) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** How many regions of a sorted bucket begin by `address`. */
function countUpTo(bucket: readonly Region[], address: bigint): number {
  let low = 0;
  let high = bucket.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bucket[middle] as Region).base_address <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}
