/** Numbers that follow each other and have the same value. */
export interface Run<T> {
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
  readonly value: T;
}

/**
 * A value for every number from 0 up to a size, kept by runs of numbers that have the same one: the cost is
 * that of the runs, not of the numbers.
 */
export class Runs<T> {
  /** In order, without gaps; neighbours have different values. */
  #runs: Run<T>[];

  /**
   * @param size how many numbers there are, from 0 on
   * @param value what all of them have to begin with
   * @param same whether two values are one to whoever asks; left out: only the very same
   */
  constructor(
    readonly size: number,
    value: T,
    readonly same: (a: T, b: T) => boolean = Object.is,
  ) {
    this.#runs = size === 0 ? [] : [{ first: 0, last: size - 1, value }];
  }

  /** The runs in order. */
  [Symbol.iterator](): IterableIterator<Run<T>> {
    return this.#runs.values();
  }

  /** The run that a number below the size is in; in logarithmic time. */
  runOf(number: number): Run<T> {
    return this.#runs[this.#indexOf(number)] as Run<T>;
  }

  /** The value of a number below the size. */
  at(number: number): T {
    return this.runOf(number).value;
  }

  /**
   * Gives the numbers from `first` to `last` (inclusive) the value that a function makes of the one they
   * have; it is asked once for each run.
   */
  update(first: number, last: number, change: (value: T) => T): void {
    if (first > last) return;
    const from = this.#indexOf(first);
    const to = this.#indexOf(last);
    const head = this.#runs[from] as Run<T>;
    const tail = this.#runs[to] as Run<T>;
    const changed = this.#runs.slice(from, to + 1).map((run) => ({
      first: Math.max(run.first, first),
      last: Math.min(run.last, last),
      value: change(run.value),
    }));
    const pieces = [
      ...this.#runs.slice(Math.max(from - 1, 0), from),
      ...(head.first < first ? [{ ...head, last: first - 1 }] : []),
      ...changed,
      ...(tail.last > last ? [{ ...tail, first: last + 1 }] : []),
      ...this.#runs.slice(to + 1, to + 2),
    ];
    const start = Math.max(from - 1, 0);
    this.#runs.splice(start, Math.min(to + 2, this.#runs.length) - start, ...this.#joined(pieces));
  }

  #indexOf(number: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle] as Run<T>).last < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Joins neighbours that have the same value. */
  #joined(runs: readonly Run<T>[]): Run<T>[] {
    const joined: Run<T>[] = [];
    for (const run of runs) {
      const before = joined.at(-1);
      if (before !== undefined && this.same(before.value, run.value)) {
        joined[joined.length - 1] = { ...before, last: run.last };
      } else joined.push(run);
    }
    return joined;
  }
}
