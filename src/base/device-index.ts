import { type Sbdf, sbdfKey } from './sbdf.js';

/** Device IDs of a segment, both ends inclusive. */
export interface DeviceSpan {
  readonly segment: number;
  readonly first: number;
  readonly last: number;
}

interface Entry<T> extends DeviceSpan {
  readonly item: T;
  /** How many were added before it. */
  readonly place: number;
}

/**
 * Finds, of many things that are each for some device IDs, those that are for one device. It looks at those of the
 * device's bus, and at those that are for more than one bus.
 */
export class DeviceIndex<T> {
  readonly #ofBus = new Map<number, Entry<T>[]>();
  readonly #wide: Entry<T>[] = [];
  #count = 0;

  add({ segment, first, last }: DeviceSpan, item: T): void {
    const entry = { segment, first, last, item, place: this.#count++ };
    const bus = first >> 8;
    if (bus !== last >> 8) {
      this.#wide.push(entry);
      return;
    }
    const key = sbdfKey(segment, bus, 0, 0);
    const others = this.#ofBus.get(key);
    if (others === undefined) this.#ofBus.set(key, [entry]);
    else others.push(entry);
  }

  /** Those that are for a device, in the order they were added; one that was added for several spans, once. */
  at({ segment, bus, device, func }: Sbdf): T[] {
    const id = sbdfKey(0, bus, device, func);
    const near = this.#ofBus.get(sbdfKey(segment, bus, 0, 0)) ?? [];
    return [...near, ...this.#wide]
      .filter((entry) => entry.segment === segment && entry.first <= id && id <= entry.last)
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item)
      .filter((item, i, items) => item !== items[i - 1]);
  }
}
