import { type DeviceScope, isPciScope, SCOPE_ENDPOINT } from '../acpi/dmar/device-scope.js';
import type { DmarTable } from '../acpi/dmar/dmar.js';
import { type Rmrr, rmrr as rmrrLayout } from '../acpi/dmar/rmrr.js';
import type { Structure } from '../acpi/dmar/structures.js';
import { encodeValue } from '../acpi/encode.js';
import { NO_BYTES } from '../acpi/layout.js';
import { byteSum } from '../acpi/sdt.js';
import { encodeTable } from '../acpi/tables.js';
import { PAGE_SIZE } from '../base/address.js';
import type { Sbdf } from '../base/sbdf.js';
import type { PciTopology } from '../machine/pci-topology.js';
import { addressKey } from './candidate.js';
import { DmarRegions, resolveScope } from './of-dmar.js';

/** A region that is to be reserved. */
export interface NewRegion {
  readonly base: bigint;
  /** Last byte, inclusive. */
  readonly limit: bigint;
  /** All of one segment. */
  readonly devices: readonly Sbdf[];
}

/** What is to change in a table, each by what it means. */
export interface Edits {
  /** Regions to leave out, each named by any address in it. */
  readonly dropRegions?: readonly bigint[] | undefined;
  /** Devices to take out of every region. */
  readonly dropDevices?: readonly Sbdf[] | undefined;
  readonly addRegions?: readonly NewRegion[] | undefined;
  /** Whether to mend what is plainly wrong: regions that do not begin or end with a page. */
  readonly fix?: boolean | undefined;
  /** Whether overlapping regions become one; it is then a region of the devices of both. */
  readonly join?: boolean | undefined;
}

/** Something that was changed. */
export interface TableEdit {
  readonly action: 'drop-region' | 'drop-device' | 'add-region' | 'align-region' | 'join-regions';
  /** The region as it was, or as it was added. */
  readonly base: bigint;
  readonly limit: bigint;
  /** Place among the RMRRs of the table before; null for a new one. */
  readonly index: number | null;
  /** The devices it concerns: those named by the region, or the ones taken out. */
  readonly devices: readonly Sbdf[];
}

/** A changed table, and what was changed. */
export interface EditedTable {
  readonly table: DmarTable;
  readonly edits: readonly TableEdit[];
  /** Wishes that match nothing in the table. */
  readonly unmatched: { readonly regions: readonly bigint[]; readonly devices: readonly Sbdf[] };
  /** Whether regions overlap and were not joined. */
  readonly overlaps: boolean;
}

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
export function editDmar(table: DmarTable, edits: Edits, pci: PciTopology | null): EditedTable {
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

/** The highest OEM revision there is; Linux takes no table in its place. */
export const HIGHEST_REVISION = 0xffff_ffff;

/**
 * The bytes of a table to load in place of another: under the firmware's name for it, with the next OEM revision,
 * which Linux asks for (drivers/acpi/tables.c), its length and checksum right.
 */
export function loadableDmar(table: DmarTable): Uint8Array {
  const { header } = table;
  const oemRevision = Math.min(header.oemRevision + 1, HIGHEST_REVISION);
  const loadable = { ...table, header: { ...header, signature: 'DMAR', oemRevision, checksum: 0 } };
  const { length } = encodeTable(loadable);
  const bytes = encodeTable({ ...loadable, header: { ...loadable.header, length } });
  bytes[CHECKSUM_OFFSET] = -byteSum(bytes) & 0xff;
  return bytes;
}

/** Where the checksum stands (ACPI specification, "System Description Table Header"). */
const CHECKSUM_OFFSET = 9;
