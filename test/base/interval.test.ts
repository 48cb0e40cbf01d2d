import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  firstSharing,
  type Interval,
  joinIntervals,
  subtractIntervals,
} from '../../src/base/interval.js';

const interval = fc
  .tuple(fc.nat(40), fc.nat(8))
  .map(([start, size]) => ({ start: BigInt(start), end: BigInt(start + size) }));
const intervals = fc.array(interval, { maxLength: 8 });

const numbers = (all: readonly Interval[]): Set<number> =>
  new Set(
    all.flatMap(({ start, end }) =>
      Array.from({ length: Number(end - start) }, (_, i) => Number(start) + i),
    ),
  );

it('joined intervals hold the same numbers, in order and apart from each other', () => {
  fc.assert(
    fc.property(intervals, (all) => {
      const joined = joinIntervals(all);
      expect(numbers(joined)).toEqual(new Set([...numbers(all)].sort((a, b) => a - b)));
      for (const [i, { start, end }] of joined.entries()) {
        expect(start < end && (i === 0 || (joined[i - 1] as Interval).end < start)).toBe(true);
      }
    }),
  );
});

it('what is left of intervals is what is in no hole, and keeps what else they say', () => {
  fc.assert(
    fc.property(intervals, intervals, (all, holes) => {
      const named = all.map((one, name) => ({ ...one, name }));
      const left = subtractIntervals(named, joinIntervals(holes));
      const inHole = numbers(holes);
      for (const { name, ...one } of named) {
        const own = left.filter((piece) => piece.name === name);
        expect(numbers(own)).toEqual(new Set([...numbers([one])].filter((n) => !inHole.has(n))));
      }
    }),
  );
});

it('the first that shares a number is found', () => {
  fc.assert(
    fc.property(intervals, interval, (all, { start, end }) => {
      const joined = joinIntervals(all);
      const shares = (one: Interval) => one.start < end && start < one.end;
      fc.pre(start < end);
      expect(firstSharing(joined, start, end)).toEqual(joined.find(shares));
    }),
  );
});
