import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DisjointRegions, type Region } from '../../../src/xen/vtd/disjoint-regions.js';

it('finds an overlap exactly where one of all regions shares a byte', () => {
  const bound = fc.bigInt({ min: 0n, max: 6000n });
  const tries = fc.array(fc.tuple(bound, fc.bigInt({ min: 0n, max: 3n })), {
    minLength: 1200,
    maxLength: 2500,
  });
  fc.assert(
    fc.property(tries, fc.array(fc.tuple(bound, bound), { maxLength: 20 }), (regions, queries) => {
      const known: Region[] = [];
      const disjoint = new DisjointRegions<Region>();
      const overlaps = (base: bigint, end: bigint) =>
        known.some((region) => base <= region.end_address && region.base_address <= end);
      for (const [base_address, size] of regions) {
        const region = { base_address, end_address: base_address + size };
        const found = disjoint.overlapping(base_address, region.end_address);
        expect(found !== null).toBe(overlaps(base_address, region.end_address));
        if (found !== null) continue;
        known.push(region);
        disjoint.add(region);
      }
      // A query may be reversed, as a region whose base is above its limit is.
      for (const [base, end] of queries) {
        expect(disjoint.overlapping(base, end) !== null).toBe(overlaps(base, end));
      }
    }),
    { numRuns: 8 },
  );
});
