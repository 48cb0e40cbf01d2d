import { indexOfFirst } from './search.js';

/** Numbers from `start` up to but not including `end`: addresses, or page frames. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

/** Sorts intervals and joins those that touch or overlap; empty ones vanish. Takes n log n time. */
export function joinIntervals(intervals: readonly Interval[]): Interval[] {
  const joined: { start: bigint; end: bigint }[] = [];
  for (const { start, end } of sortIntervals(intervals)) {
    const last = joined.at(-1);
    if (last === undefined || start > last.end) joined.push({ start, end });
    else if (end > last.end) last.end = end;
  }
  return joined;
}

/**
 * What of some intervals is in no hole, in order; a piece keeps all else that its interval says. Takes
 * n log n time where the intervals do not overlap each other.
 *
 * @param holes as {@link joinIntervals} gives them
 */
export function subtractIntervals<I extends Interval>(
  intervals: readonly I[],
  holes: readonly Interval[],
): I[] {
  const pieces: I[] = [];
  for (const interval of sortIntervals(intervals)) {
    let start = interval.start;
    for (let i = indexOfFirst(holes, ({ end }) => end > start); i < holes.length; i++) {
      const hole = holes[i] as Interval;
      if (hole.start >= interval.end) break;
      if (hole.start > start) pieces.push({ ...interval, start, end: hole.start });
      start = hole.end;
    }
    if (start < interval.end) pieces.push({ ...interval, start });
  }
  return pieces;
}

/**
 * The first interval that shares a number with `start` to `end`; in logarithmic time.
 *
 * @param intervals as {@link joinIntervals} gives them
 * @param end exclusive
 */
export function firstSharing(
  intervals: readonly Interval[],
  start: bigint,
  end: bigint,
): Interval | undefined {
  const found = intervals[indexOfFirst(intervals, ({ end }) => end > start)];
  return found !== undefined && found.start < end ? found : undefined;
}

const sortIntervals = <I extends Interval>(intervals: readonly I[]): I[] =>
  intervals
    .filter(({ start, end }) => start < end)
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
