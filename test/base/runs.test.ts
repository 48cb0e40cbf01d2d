import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Runs } from '../../src/base/runs.js';

const SIZE = 40;

describe('runs', () => {
  it('hold what an array of the same numbers would', () => {
    const step = fc.record({
      first: fc.nat(SIZE - 1),
      length: fc.nat(SIZE),
      value: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const runs = new Runs(SIZE, 0);
        const array = new Array<number>(SIZE).fill(0);
        for (const { first, length, value } of steps) {
          const last = Math.min(first + length, SIZE - 1);
          runs.update(first, last, (old) => (old + value) % 4);
          for (let i = first; i <= last; i++) array[i] = ((array[i] as number) + value) % 4;
        }
        expect(array.map((_, i) => runs.at(i))).toEqual(array);
        const seen = [...runs];
        expect(seen[0]?.first).toBe(0);
        expect(seen.at(-1)?.last).toBe(SIZE - 1);
        for (const [i, { first, value }] of seen.entries()) {
          const before = seen[i - 1];
          if (before === undefined) continue;
          expect(first).toBe(before.last + 1);
          expect(value).not.toBe(before.value);
        }
      }),
    );
  });

  it('of values that are the same to whoever asks are one', () => {
    const runs = new Runs(4, { n: 0 }, (a, b) => a.n === b.n);
    for (const i of [2, 0, 3, 1]) runs.update(i, i, () => ({ n: 1 }));
    expect([...runs]).toEqual([{ first: 0, last: 3, value: { n: 1 } }]);
  });

  it('of no numbers are none', () => {
    expect([...new Runs(0, 'x')]).toEqual([]);
  });
});
