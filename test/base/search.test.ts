import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indexOfFirst } from '../../src/base/search.js';

it('finds the first of the items that pass, or the length where none does', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(60), (numbers, bound) => {
      const sorted = numbers.sort((a, b) => a - b);
      const found = sorted.findIndex((one) => one > bound);
      expect(indexOfFirst(sorted, (one) => one > bound)).toBe(found < 0 ? sorted.length : found);
    }),
  );
});
