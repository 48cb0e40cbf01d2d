import { type Sbdf, sbdfKey } from '../../base/sbdf.js';
import type { LogContent } from '../formats/format.js';
import type { LogUnit } from '../source.js';

/** What a log tells of one boot. */
class Boot {
  readonly regions = new Map<string, { base: bigint; limit: bigint; devices: Map<number, Sbdf> }>();
  readonly units = new Map<bigint, LogUnit>();

  get tells(): boolean {
    return this.regions.size > 0 || this.units.size > 0;
  }
}

/** Gathers what a log's lines tell; of several boots only the last that tells anything counts. */
export class LogReader {
  #boots = 0;
  #boot = new Boot();
  #last: Boot | null = null;

  /** Takes note of a line that a kernel prints once, as it starts. */
  start(): void {
    this.#keep();
    this.#boot = new Boot();
  }

  /**
   * Takes note of a region and of devices that it is for.
   *
   * @param limit inclusive
   */
  region(base: bigint, limit: bigint, devices: readonly Sbdf[] = []): void {
    const key = `${base}-${limit}`;
    const region = this.#boot.regions.get(key) ?? { base, limit, devices: new Map() };
    this.#boot.regions.set(key, region);
    for (const device of devices) {
      const { segment, bus, device: slot, func } = device;
      region.devices.set(sbdfKey(segment, bus, slot, func), device);
    }
  }

  unit(base: bigint, flags: number | null): void {
    this.#boot.units.set(base, { base, flags });
  }

  /** @param kind whose log it is */
  content(kind: LogContent['kind']): LogContent {
    this.#keep();
    const { regions, units } = this.#last ?? this.#boot;
    const notes =
      this.#boots > 1
        ? [`The log tells of ${this.#boots} boots; the last one's lines are taken.`]
        : [];
    return {
      kind,
      regions: Array.from(regions.values(), ({ base, limit, devices }) => ({
        base,
        limit,
        devices: devices.size === 0 ? null : [...devices.values()],
      })),
      units: [...units.values()],
      notes,
    };
  }

  #keep(): void {
    if (!this.#boot.tells) return;
    this.#last = this.#boot;
    this.#boots++;
    this.#boot = new Boot();
  }
}

/** Hexadecimal digits as an address. */
export const address = (digits: string | undefined): bigint => BigInt(`0x${digits ?? 0}`);

/**
 * A pattern for what a kernel prints, with named groups.
 *
 * @param alternatives patterns in which `H` is a number of at most 64 bits in hexadecimal, and a blank any
 * run of blanks, for a mail may have broken and quoted a line there
 */
export const logPattern = (...alternatives: string[]): RegExp =>
  new RegExp(
    alternatives
      .join('|')
      .replaceAll('H)', '[0-9a-f]{1,16})')
      .replaceAll(' ', String.raw`[\s>]{1,16}`),
    'gi',
  );
