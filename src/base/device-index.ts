import { append } from './lists.js';
import { type Sbdf, sbdfKey } from './sbdf.js';

/** Device IDs of a segment, both ends inclusive. */
export interface DeviceSpan {
  readonly segment: number;
  readonly first: number;
  readonly last: number;
}

/** The number of a function within its segment: bus, device and function in bits 15:8, 7:3 and 2:0. */
export const deviceIdOf = ({ bus, device, func }: Sbdf): number => sbdfKey(0, bus, device, func);

/** Whether a span has a function. */
export function spanHolds({ segment, first, last }: DeviceSpan, address: Sbdf): boolean {
  const id = deviceIdOf(address);
  return segment === address.segment && first <= id && id <= last;
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
    append(this.#ofBus, sbdfKey(segment, bus, 0, 0), entry);
  }

  /** Those that are for a device, in the order they were added; one that was added for several spans, once. */
  at(address: Sbdf): T[] {
    const near = this.#ofBus.get(sbdfKey(address.segment, address.bus, 0, 0)) ?? [];
    return [...near, ...this.#wide]
      .filter((entry) => spanHolds(entry, address))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item)
      .filter((item, i, items) => item !== items[i - 1]);
  }
}
