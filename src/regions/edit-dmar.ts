import { type DeviceScope, isPciScope, SCOPE_ENDPOINT } from '../acpi/dmar/device-scope.js';
import type { DmarTable } from '../acpi/dmar/dmar.js';
import { type Rmrr, rmrr as rmrrLayout } from '../acpi/dmar/rmrr.js';
import type { Structure } from '../acpi/dmar/structures.js';
import { encodeValue } from '../acpi/encode.js';
import { NO_BYTES } from '../acpi/layout.js';
import { PAGE_SIZE } from '../base/address.js';
import type { Sbdf } from '../base/sbdf.js';
import type { PciTopology } from '../machine/pci-topology.js';
import { addressKey } from './candidate.js';
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
    for (const { region, named } of uses) {
      const { origin } = region;
      const index = 'index' in origin ? origin.index : -1;
      const placed = this.#placed.find((one) => one.index === index);
      if (placed === undefined) continue;
      const { rmrr } = placed;
      const kept = rmrr.deviceScope.filter((scope) => !this.#names(rmrr, scope, named));
      if (kept.length === rmrr.deviceScope.length) continue;
      this.#note('drop-device', placed, [named]);
      if (kept.some(isPciScope)) placed.rmrr = withScope(rmrr, kept);
      else {
        this.#note('drop-region', placed, []);
        this.#placed = this.#placed.filter((one) => one !== placed);
      }
    }
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
    for (const [i, first] of this.#placed.entries()) {
      const second = this.#placed.slice(i + 1).find((other) => overlap(first.rmrr, other.rmrr));
      if (second === undefined) continue;
      if (!wanted) return true;
      this.#note('join-regions', second, this.#devicesOf(second));
      const limits = [first.rmrr.limitAddress, second.rmrr.limitAddress];
      const bases = [first.rmrr.baseAddress, second.rmrr.baseAddress];
      const [limitA = 0n, limitB = 0n] = limits;
      const [baseA = 0n, baseB = 0n] = bases;
      const named = first.rmrr.deviceScope;
      const key = (scope: DeviceScope) => String([scope.type, scope.startBusNumber, scope.path]);
      const known = new Set(named.map(key));
      const more = second.rmrr.deviceScope.filter((scope) => !known.has(key(scope)));
      first.rmrr = withScope(
        {
          ...first.rmrr,
          baseAddress: baseA < baseB ? baseA : baseB,
          limitAddress: limitA > limitB ? limitA : limitB,
        },
        [...named, ...more],
      );
      this.#placed = this.#placed.filter((one) => one !== second);
      return this.join(wanted);
    }
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
    return address !== null && addressKey(address) === addressKey(device);
  }

  #devicesOf({ index }: Placed): readonly Sbdf[] {
    return this.#regions.regions[index]?.devices ?? [];
  }

  #note(action: TableEdit['action'], { index, rmrr }: Placed, devices: readonly Sbdf[]): void {
    const { baseAddress: base, limitAddress: limit } = rmrr;
    this.edits.push({ action, base, limit, index, devices });
  }
}

const overlap = (a: Rmrr, b: Rmrr): boolean =>
  a.baseAddress <= b.limitAddress &&
  b.baseAddress <= a.limitAddress &&
  a.baseAddress <= a.limitAddress &&
  b.baseAddress <= b.limitAddress &&
  a.segment === b.segment;

/** A region with other scope entries, and the length that they give it. */
function withScope(rmrr: Rmrr, deviceScope: DeviceScope[]): Rmrr {
  const changed = { ...rmrr, deviceScope };
  return { ...changed, length: encodeValue(rmrrLayout, changed).length };
}
