import { type DeviceScope, isPciScope, SCOPE_ENDPOINT } from '../acpi/dmar/device-scope.js';
import type { DmarTable } from '../acpi/dmar/dmar.js';
import { type Rmrr, rmrr as rmrrLayout } from '../acpi/dmar/rmrr.js';
import type { Structure } from '../acpi/dmar/structures.js';
import { encodeValue } from '../acpi/encode.js';
import { NO_BYTES } from '../acpi/layout.js';
import { PAGE_SIZE } from '../base/address.js';
import { keyOf, type Sbdf } from '../base/sbdf.js';
import type { PciTopology } from '../machine/pci-topology.js';
import type { EditedTable, Edits, NewRegion, TableEdit } from './edit.js';
import { DmarRegions, resolveScope } from './of-dmar.js';

/** A region with its place in the table before. */
interface Placed {
  readonly index: number;
  rmrr: Rmrr;
}

/**
 * Changes a table's regions; all other structures stay byte for byte.
 *
 * @param pci the machine's functions; null where they are not known, which leaves devices behind bridges unknown
 */
export function editDmar(
  table: DmarTable,
  edits: Edits,
  pci: PciTopology | null,
): EditedTable<DmarTable> {
  const editor = new Editor(table, pci);
  const unmatched = {
    regions: (edits.dropRegions ?? []).filter((address) => !editor.dropRegion(address)),
    devices: (edits.dropDevices ?? []).filter((device) => !editor.dropDevice(device)),
  };
  if (edits.fix) editor.align();
  const overlaps = editor.join(edits.join ?? false);
  for (const region of edits.addRegions ?? []) editor.add(region);
  return { table: editor.result(), edits: editor.edits, unmatched, overlaps };
}

class Editor {
  readonly edits: TableEdit[] = [];
  readonly #regions: DmarRegions;
  #placed: Placed[];
  readonly #added: Rmrr[] = [];

  constructor(
    readonly table: DmarTable,
    readonly pci: PciTopology | null,
  ) {
    this.#regions = new DmarRegions(table, pci);
    this.#placed = table.structures
      .filter((structure) => structure.name === 'RMRR')
      .map((rmrr, index) => ({ index, rmrr }));
  }

  dropRegion(address: bigint): boolean {
    const holds = ({ rmrr: { baseAddress, limitAddress } }: Placed) =>
      baseAddress === address || (baseAddress <= address && address <= limitAddress);
    const dropped = this.#placed.filter(holds);
    for (const placed of dropped) this.#note('drop-region', placed, this.#devicesOf(placed));
    this.#placed = this.#placed.filter((placed) => !holds(placed));
    return dropped.length > 0;
  }

  /** Takes a device, or the bridge above it that is named with all below it, out of the regions. */
  dropDevice(device: Sbdf): boolean {
    const uses = this.#regions.touching(device);
    const byIndex = new Map(this.#placed.map((placed) => [placed.index, placed]));
    const dropped = new Set<Placed>();
    for (const { region, named } of uses) {
      const { origin } = region;
      const placed = byIndex.get('index' in origin ? origin.index : -1);
      if (placed === undefined) continue;
      const { rmrr } = placed;
      const kept = rmrr.deviceScope.filter((scope) => !this.#names(rmrr, scope, named));
      if (kept.length === rmrr.deviceScope.length) continue;
      this.#note('drop-device', placed, [named]);
      if (kept.some(isPciScope)) placed.rmrr = withScope(rmrr, kept);
      else {
        this.#note('drop-region', placed, []);
        dropped.add(placed);
      }
    }
    this.#placed = this.#placed.filter((placed) => !dropped.has(placed));
    return uses.length > 0;
  }

  /** Regions begin and end with a page; a limit that is the first byte of a page was meant to be the one before. */
  align(): void {
    for (const placed of this.#placed) {
      const { baseAddress, limitAddress } = placed.rmrr;
      if (limitAddress < baseAddress) continue;
      const base = baseAddress - (baseAddress % PAGE_SIZE);
      const beyond = limitAddress % PAGE_SIZE === 0n && limitAddress > base;
      const limit = beyond ? limitAddress - 1n : limitAddress | (PAGE_SIZE - 1n);
      if (base === baseAddress && limit === limitAddress) continue;
      this.#note('align-region', placed, this.#devicesOf(placed));
      placed.rmrr = { ...placed.rmrr, baseAddress: base, limitAddress: limit };
    }
  }

  /** Makes overlapping regions of one segment one, if that is wanted; whether there are any left. */
  join(wanted: boolean): boolean {
    const groups = overlapping(this.#placed);
    if (!wanted) return groups.length > 0;
    const joined = new Set<Placed>();
    for (const [first, ...others] of groups as [Placed, ...Placed[]][]) {
      for (const other of others) {
        this.#note('join-regions', other, this.#devicesOf(other));
        joined.add(other);
      }
      first.rmrr = united([first.rmrr, ...others.map(({ rmrr }) => rmrr)]);
    }
    this.#placed = this.#placed.filter((placed) => !joined.has(placed));
    return false;
  }

  add({ base, limit, devices }: NewRegion): void {
    const deviceScope = devices.map(
      ({ bus, device, func }): DeviceScope => ({
        type: SCOPE_ENDPOINT,
        offset: 0,
        length: 8,
        flags: 0,
        reserved: 0,
        enumerationId: 0,
        startBusNumber: bus,
        path: [[device, func]],
        trailing: NO_BYTES,
      }),
    );
    const rmrr: Rmrr = {
      type: 1,
      name: 'RMRR',
      offset: 0,
      length: 0,
      reserved: 0,
      segment: devices[0]?.segment ?? 0,
      baseAddress: base,
      limitAddress: limit,
      deviceScope: [],
      trailing: NO_BYTES,
    };
    this.#added.push(withScope(rmrr, deviceScope));
    this.edits.push({ action: 'add-region', base, limit, index: null, devices });
  }

  result(): DmarTable {
    const kept = new Map(this.#placed.map(({ index, rmrr }) => [index, rmrr]));
    let index = 0;
    const structures = this.table.structures.flatMap((structure): Structure[] => {
      if (structure.name !== 'RMRR') return [structure];
      const rmrr = kept.get(index++);
      return rmrr === undefined ? [] : [rmrr];
    });
    // Structures stand in the order of their types' numbers (VT-d specification, "Remapping Structure Types").
    const after = structures.findLastIndex(({ type }) => type <= 1) + 1;
    structures.splice(after, 0, ...this.#added);
    return { ...this.table, structures };
  }

  #names({ segment }: Rmrr, scope: DeviceScope, device: Sbdf): boolean {
    if (!isPciScope(scope)) return false;
    const address = resolveScope(this.pci, segment, scope.startBusNumber, scope.path);
    return address !== null && keyOf(address) === keyOf(device);
  }

  #devicesOf({ index }: Placed): readonly Sbdf[] {
    return this.#regions.regions[index]?.devices ?? [];
  }

  #note(action: TableEdit['action'], { index, rmrr }: Placed, devices: readonly Sbdf[]): void {
    const { baseAddress: base, limitAddress: limit } = rmrr;
    this.edits.push({ action, base, limit, index, devices });
  }
}

/** Regions of one segment that overlap, or do so by way of others: groups of two and more, each in the table's order. */
function overlapping(regions: readonly Placed[]): Placed[][] {
  const sorted = regions
    .filter(({ rmrr: { baseAddress, limitAddress } }) => baseAddress <= limitAddress)
    .sort(
      ({ rmrr: a }, { rmrr: b }) =>
        a.segment - b.segment ||
        (a.baseAddress < b.baseAddress ? -1 : Number(a.baseAddress > b.baseAddress)),
    );
  const groups: { segment: number; limit: bigint; regions: Placed[] }[] = [];
  for (const placed of sorted) {
    const { segment, baseAddress, limitAddress } = placed.rmrr;
    const last = groups.at(-1);
    if (last === undefined || last.segment !== segment || last.limit < baseAddress) {
      groups.push({ segment, limit: limitAddress, regions: [placed] });
      continue;
    }
    last.regions.push(placed);
    if (limitAddress > last.limit) last.limit = limitAddress;
  }
  return groups
    .filter(({ regions: { length } }) => length > 1)
    .map(({ regions: group }) => group.sort((a, b) => a.index - b.index))
    .sort(([a], [b]) => (a as Placed).index - (b as Placed).index);
}

/** One region for all that some regions are for: from the lowest base to the highest limit, each device once. */
function united(regions: readonly [Rmrr, ...Rmrr[]]): Rmrr {
  const [first, ...others] = regions;
  const key = ({ type, startBusNumber, path }: DeviceScope) => String([type, startBusNumber, path]);
  const scope = [...first.deviceScope];
  const known = new Set(scope.map(key));
  let { baseAddress, limitAddress } = first;
  for (const other of others) {
    if (other.baseAddress < baseAddress) baseAddress = other.baseAddress;
    if (other.limitAddress > limitAddress) limitAddress = other.limitAddress;
    const more = other.deviceScope.filter((entry) => !known.has(key(entry)));
    for (const entry of more) known.add(key(entry));
    scope.push(...more);
  }
  return withScope({ ...first, baseAddress, limitAddress }, scope);
}

/** A region with other scope entries, and the length that they give it. */
function withScope(rmrr: Rmrr, deviceScope: DeviceScope[]): Rmrr {
  const changed = { ...rmrr, deviceScope };
  return { ...changed, length: encodeValue(rmrrLayout, changed).length };
}
