/** Old and new values that are one and the same thing, and those that have no other half. */
export interface Matching<T> {
  readonly pairs: [old: T, new: T][];
  readonly removed: T[];
  readonly added: T[];
}

/** What a value is known by; null where it cannot be told from others by this. */
export type KeyOf<T> = (value: T) => string | null;

/**
 * Matches values by what they are: by the first key, what is left by the second, and so on. Of several with
 * one key the first goes with the first. Takes linear time for each key.
 */
export function matchByKeys<T>(
  olds: readonly T[],
  news: readonly T[],
  keys: readonly KeyOf<T>[],
): Matching<T> {
  const pairs: [T, T][] = [];
  let removed = [...olds];
  let added = [...news];
  for (const keyOf of keys) {
    if (removed.length === 0 || added.length === 0) break;
    const waiting = new Queues<T>();
    for (const value of removed) waiting.add(keyOf(value), value);
    added = added.filter((value) => {
      const old = waiting.take(keyOf(value));
      if (old !== undefined) pairs.push([old, value]);
      return old === undefined;
    });
    const taken = new Set(pairs.map(([old]) => old));
    removed = removed.filter((value) => !taken.has(value));
  }
  return { pairs, removed, added };
}

/** Values that wait below their keys, first come, first served. */
class Queues<T> {
  readonly #queues = new Map<string, { values: T[]; next: number }>();

  add(key: string | null, value: T): void {
    if (key === null) return;
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, { values: [value], next: 0 });
    else queue.values.push(value);
  }

  take(key: string | null): T | undefined {
    const queue = key === null ? undefined : this.#queues.get(key);
    return queue?.values[queue.next++];
  }
}
