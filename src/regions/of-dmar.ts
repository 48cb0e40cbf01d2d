import type { DmarTable } from '../acpi/dmar/decode.js';
import {
  type DeviceScope,
  SCOPE_ENDPOINT,
  SCOPE_SUB_HIERARCHY,
} from '../acpi/dmar/device-scope.js';
import { keyOf, type Sbdf } from '../base/sbdf.js';
import { CONFIG, type PciFunction, type PciTopology } from '../machine/pci-topology.js';
import type { RegionUse, RegionUses, ReservedRegion } from './region.js';

/** A function that device scopes name, and the regions they name it for. */
interface Named {
  readonly address: Sbdf;
  readonly regions: ReservedRegion[];
  /** Those that are for all below it, too. */
  readonly downward: ReservedRegion[];
}

/**
 * The function that a device scope's path leads to.
 *
 * @param pci null where the machine is unknown: paths of several hops then lead nowhere
 * @returns null where it leads to none that is known
 */
export function resolveScope(
  pci: PciTopology | null,
  segment: number,
  startBus: number,
  path: DeviceScope['path'],
): Sbdf | null {
  // On a PCI bus there is nothing beyond these.
  if (path.some(([device, func]) => device > 31 || func > 7)) return null;
  if (pci !== null) return pci.resolvePath(segment, startBus, path);
  const [only] = path;
  if (only === undefined || path.length > 1) return null;
  const [device, func] = only;
  return { segment, bus: startBus, device, func };
}

/** Which of a table's RMRRs touch which functions of a machine. */
export class DmarRegions implements RegionUses {
  readonly regions: readonly ReservedRegion[];
  /** By address. */
  readonly #named = new Map<number, Named>();
  /** Each region's place in the table. */
  readonly #places: ReadonlyMap<ReservedRegion, number>;
  unresolved = 0;

  /**
   * @param pci null where the machine is unknown: paths of several hops stay unresolved, and what is below
   *   a bridge is not known
   */
  constructor(
    table: DmarTable,
    readonly pci: PciTopology | null,
  ) {
    this.regions = table.structures
      .filter((structure) => structure.name === 'RMRR')
      .map(({ offset, baseAddress: base, limitAddress: limit, segment, deviceScope }, index) => {
        const origin = { table: 'DMAR', structure: 'RMRR', index, offset } as const;
        const devices: Sbdf[] = [];
        const region = { base, limit, devices, origin };
        for (const scope of deviceScope) {
          const address = this.#add(region, segment, scope);
          if (address !== null) devices.push(address);
        }
        return region;
      });
    this.#places = new Map(this.regions.map((region, i) => [region, i]));
  }

  /** @returns the function that the entry names; null where it names none that is known */
  #add(
    region: ReservedRegion,
    segment: number,
    { type, startBusNumber, path }: DeviceScope,
  ): Sbdf | null {
    if (type !== SCOPE_ENDPOINT && type !== SCOPE_SUB_HIERARCHY) return null;
    const address = resolveScope(this.pci, segment, startBusNumber, path);
    if (address === null) {
      this.unresolved++;
      return null;
    }
    const key = keyOf(address);
    const entry = this.#named.get(key) ?? { address, regions: [], downward: [] };
    this.#named.set(key, entry);
    // A scope may name a function twice; the region counts once.
    if (entry.regions.at(-1) !== region) entry.regions.push(region);
    if (type === SCOPE_SUB_HIERARCHY && entry.downward.at(-1) !== region) {
      entry.downward.push(region);
    }
    return address;
  }

  named(): Sbdf[] {
    return [...this.#named.values()].map(({ address }) => address);
  }

  /**
   * The RMRRs that touch a function: those whose scope names it, and those whose scope names a bridge
   * above it and all below (VT-d specification, "Device Scope Structure").
   */
  touching(address: Sbdf): RegionUse[] {
    const self = this.#named.get(keyOf(address));
    const uses: RegionUse[] = (self?.regions ?? []).map((region) => ({
      region,
      named: address,
      below: false,
    }));
    for (const { address: named, downward } of this.#bridgesAbove(address)) {
      for (const region of downward) uses.push({ region, named, below: true });
    }
    const place = ({ region }: RegionUse): number => this.#places.get(region) ?? 0;
    const inOrder = uses.sort((a, b) => place(a) - place(b));
    return inOrder.filter(({ region }, i) => region !== inOrder[i - 1]?.region);
  }

  *#bridgesAbove({ segment, bus }: Sbdf) {
    for (const bridge of this.#bridges()) {
      if (bridge.address.segment !== segment) continue;
      if (bridge.secondary <= bus && bus <= bridge.subordinate) yield bridge;
    }
  }

  #bridgesNamed: (Named & { secondary: number; subordinate: number })[] | null = null;

  /** Bridges that sub-hierarchy entries name, with the buses below them. */
  #bridges() {
    this.#bridgesNamed ??= [...this.#named.values()].flatMap((named) => {
      const { segment, bus, device, func } = named.address;
      const fn: PciFunction | null = this.pci?.get(segment, bus, device, func) ?? null;
      if (named.downward.length === 0 || fn === null || !this.pci?.isBridge(fn)) return [];
      const secondary = fn.config[CONFIG.secondaryBus] ?? 0xff;
      const subordinate = fn.config[CONFIG.subordinateBus] ?? 0;
      return [{ ...named, secondary, subordinate }];
    });
    return this.#bridgesNamed;
  }
}
