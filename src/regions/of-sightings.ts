import { keyOf, type Sbdf } from '../base/sbdf.js';
import type { LogRegion } from '../evidence/logs/log.js';
import type { RegionUse, RegionUses, ReservedRegion } from './region.js';

/** A region that a text tells of, as any judge knows one. */
const regionOf = ({ base, limit, devices, log, line }: LogRegion): ReservedRegion => ({
  base,
  limit,
  devices,
  origin: { log, line },
});

/** Which of the regions that texts tell of touch which functions; those whose devices are not named touch none. */
export class SightedRegions implements RegionUses {
  readonly regions: readonly ReservedRegion[];
  readonly unresolved = 0;
  readonly #byDevice = new Map<number, { device: Sbdf; regions: ReservedRegion[] }>();

  constructor(sighted: readonly LogRegion[]) {
    this.regions = sighted.map(regionOf);
    for (const region of this.regions) {
      for (const device of region.devices ?? []) {
        const entry = this.#byDevice.get(keyOf(device)) ?? { device, regions: [] };
        this.#byDevice.set(keyOf(device), entry);
        entry.regions.push(region);
      }
    }
  }

  named(): Sbdf[] {
    return Array.from(this.#byDevice.values(), ({ device }) => device);
  }

  touching(address: Sbdf): RegionUse[] {
    const { regions = [] } = this.#byDevice.get(keyOf(address)) ?? {};
    return regions.map((region) => ({ region, named: address, below: false }));
  }
}
