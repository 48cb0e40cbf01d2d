import type { DeviceScope } from './device-scope.js';

/** Buses, devices and functions of a segment that there can be. */
const FUNCTIONS = 0x1_0000;

/**
 * Device scopes that are one PCI endpoint of a single hop and nothing odd about it, as nearly all of an RMRR
 * are. Structures of the same device share theirs: half of the memory of a table of many regions, and most
 * of the time that decoding it takes, would go into making each its own.
 */
export class Endpoints {
  readonly #scopes: (readonly DeviceScope[])[] = [];
  /** By bus, device and function: the place in the list above, counted from 1. */
  readonly #places = new Uint32Array(FUNCTIONS);

  /** @param key the device's bus in the upper byte, then 5 bits of device and 3 of function */
  get(key: number): readonly DeviceScope[] | undefined {
    return this.#scopes[(this.#places[key] as number) - 1];
  }

  add(key: number, scopes: readonly DeviceScope[]): void {
    this.#places[key] = this.#scopes.push(scopes);
  }
}
