import type { DmarTable } from '../acpi/dmar/decode.js';
import {
  type DeviceScope,
  SCOPE_ENDPOINT,
  SCOPE_SUB_HIERARCHY,
} from '../acpi/dmar/device-scope.js';
import { type Sbdf, sbdfKey } from '../base/sbdf.js';
import { CONFIG, type PciFunction, type PciTopology } from '../machine/pci-topology.js';

/** An RMRR of the table. */
export interface Region {
  /** Place among the RMRRs, from 0. */
  readonly index: number;
  /** Of the structure in the table, in bytes. */
  readonly offset: number;
  readonly base: bigint;
  /** Last byte. */
  readonly limit: bigint;
}

/** An RMRR that touches a function, and which scope entry makes it so. */
export interface Touch {
  readonly region: Region;
  /** The function that the scope entry names: the one touched, or a bridge above it. */
  readonly named: Sbdf;
  /** Whether the one touched is below the function named, and not that function itself. */
  readonly below: boolean;
}

const keyOf = ({ segment, bus, device, func }: Sbdf): number => sbdfKey(segment, bus, device, func);

/** Which of a table's RMRRs touch which functions of a machine. */
export class RegionIndex {
  /** Functions that scope entries name, by address. */
  readonly #named = new Map<number, { address: Sbdf; regions: Region[]; downward: Region[] }>();
  /** Scope entries whose path could not be followed to a function. */
  unresolved = 0;

  /**
   * @param pci null where the machine is unknown: paths of several hops stay unresolved, and what is below
   *   a bridge is not known
   */
  constructor(
    table: DmarTable,
    readonly pci: PciTopology | null,
  ) {
    let index = 0;
    for (const structure of table.structures) {
      if (structure.name !== 'RMRR') continue;
      const { offset, baseAddress: base, limitAddress: limit, segment, deviceScope } = structure;
      const region: Region = { index: index++, offset, base, limit };
      for (const scope of deviceScope) this.#add(region, segment, scope);
    }
  }

  #add(region: Region, segment: number, { type, startBusNumber, path }: DeviceScope): void {
    if (type !== SCOPE_ENDPOINT && type !== SCOPE_SUB_HIERARCHY) return;
    const address = this.#resolve(segment, startBusNumber, path);
    if (address === null) {
      this.unresolved++;
      return;
    }
    const key = keyOf(address);
    const entry = this.#named.get(key) ?? { address, regions: [], downward: [] };
    this.#named.set(key, entry);
    // A scope may name a function twice; the region counts once.
    if (entry.regions.at(-1) !== region) entry.regions.push(region);
    if (type === SCOPE_SUB_HIERARCHY && entry.downward.at(-1) !== region) {
      entry.downward.push(region);
    }
  }

  #resolve(segment: number, startBus: number, path: DeviceScope['path']): Sbdf | null {
    if (this.pci !== null) return this.pci.resolvePath(segment, startBus, path);
    const [only] = path;
    if (only === undefined || path.length > 1) return null;
    const [device, func] = only;
    return { segment, bus: startBus, device, func };
  }

  /** Functions that scope entries name, in the order of the table, whether the machine has them or not. */
  named(): Sbdf[] {
    return [...this.#named.values()].map(({ address }) => address);
  }

  /**
   * The RMRRs that touch a function: those whose scope names it, and those whose scope names a bridge
   * above it and all below (VT-d specification, "Device Scope Structure"). Each once, in the table's order.
   */
  touching(address: Sbdf): Touch[] {
    const self = this.#named.get(keyOf(address));
    const touches: Touch[] = (self?.regions ?? []).map((region) => ({
      region,
      named: address,
      below: false,
    }));
    for (const { address: named, downward } of this.#bridgesAbove(address)) {
      for (const region of downward) touches.push({ region, named, below: true });
    }
    const inOrder = touches.sort((a, b) => a.region.index - b.region.index);
    return inOrder.filter(({ region }, i) => region !== inOrder[i - 1]?.region);
  }

  *#bridgesAbove({ segment, bus }: Sbdf) {
    for (const bridge of this.#bridges()) {
      if (bridge.address.segment !== segment) continue;
      if (bridge.secondary <= bus && bus <= bridge.subordinate) yield bridge;
    }
  }

  #bridgesNamed:
    | { address: Sbdf; downward: Region[]; secondary: number; subordinate: number }[]
    | null = null;

  /** Bridges that sub-hierarchy entries name, with the buses below them. */
  #bridges() {
    this.#bridgesNamed ??= [...this.#named.values()].flatMap(({ address, downward }) => {
      const { segment, bus, device, func } = address;
      const fn: PciFunction | null = this.pci?.get(segment, bus, device, func) ?? null;
      if (downward.length === 0 || fn === null || !this.pci?.isBridge(fn)) return [];
      const secondary = fn.config[CONFIG.secondaryBus] ?? 0xff;
      const subordinate = fn.config[CONFIG.subordinateBus] ?? 0;
      return [{ address, downward, secondary, subordinate }];
    });
    return this.#bridgesNamed;
  }
}
