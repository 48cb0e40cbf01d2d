import type { DmarTable } from '../../acpi/dmar/decode.js';
import { SCOPE_ACPI_DEVICE } from '../../acpi/dmar/device-scope.js';
import { DMAR } from '../../acpi/dmar/dmar.js';
import { type Drhd, includesPciAll } from '../../acpi/dmar/drhd.js';
import { encodeDmar } from '../../acpi/dmar/encode.js';
import type { Rmrr } from '../../acpi/dmar/rmrr.js';
import type { Scoped, Structure } from '../../acpi/dmar/structures.js';
import { layoutOf } from '../../acpi/table-layout.js';
import { PAGE_SIZE } from '../../base/address.js';
import { append } from '../../base/lists.js';
import type { LinuxUnit } from '../../linux/dmar.js';
import { NEWEST_LINUX } from '../../linux/kernel.js';
import { LinuxVtd } from '../../linux/vtd.js';
import type { HostFacts } from '../rule.js';
import { Coverage } from './coverage.js';
import { type FwtsComplaint, fwtsComplaint } from './fwts.js';

/** Whether a structure has no room for a device scope; one that was cut off has. */
export const namesNothing = (structure: Scoped): boolean =>
  structure.deviceScope.length === 0 && structure.length <= layoutOf(DMAR, structure).fixedLength;

/** The structures of some type. */
export type StructureOf<N extends Structure['name']> = Extract<Structure, { name: N }>;

/** A decoded table laid out for the rules, and what is known of its machine. What few tables need is made when asked for. */
export class Subject {
  readonly drhds: readonly Drhd[];
  readonly rmrrs: readonly Rmrr[];
  readonly #byName = new Map<Structure['name'], Structure[]>();
  #takingAll: readonly Drhd[] | null = null;
  #linux: LinuxVtd | null = null;
  #fwts: { readonly complaint: FwtsComplaint | null } | null = null;
  #fwtsEnd: { readonly offset: number | null } | null = null;
  #coverage: Coverage | null = null;
  #bases: ReadonlySet<bigint> | null = null;
  #acpiDevices: {
    readonly declared: ReadonlySet<number>;
    readonly named: ReadonlySet<number>;
  } | null = null;

  constructor(
    readonly table: DmarTable,
    readonly host: HostFacts,
  ) {
    for (const structure of table.structures) append(this.#byName, structure.name, structure);
    this.drhds = this.all('DRHD');
    this.rmrrs = this.all('RMRR');
  }

  /** Structures with device scopes, in table order. */
  get scoped(): readonly Scoped[] {
    return this.table.structures.filter((s): s is Scoped => 'deviceScope' in s);
  }

  /** What the newest Linux makes of the table on this machine. */
  get linux(): LinuxVtd {
    this.#linux ??= new LinuxVtd(encodeDmar(this.table), NEWEST_LINUX, {
      ...this.host,
      cmdline: null,
      isVirtual: () => false,
    });
    return this.#linux;
  }

  /** Units whose registers cannot be where Linux looks for them. */
  get deadUnits(): readonly LinuxUnit[] {
    const { structures, trailing } = this.table;
    // Those that were read whole and begin on a page are as they stand; so it is with nearly all tables.
    const isWell = (one: Structure) =>
      one.name === 'DRHD'
        ? one.registerBaseAddress % PAGE_SIZE === 0n
        : one.name !== 'unknown' || one.type !== 0;
    if (trailing.length === 0 && structures.every(isWell)) return [];
    return this.linux.table.units.filter(({ dead }) => dead);
  }

  /** What fwts' dmar test ends with. */
  get fwts(): FwtsComplaint | null {
    this.#fwts ??= { complaint: fwtsComplaint(encodeDmar(this.table), this.host.pci) };
    return this.#fwts.complaint;
  }

  /** Offset of the name-space device at which fwts ends, for it knows device scope types 1 to 4 alone; null for none. */
  get fwtsEnd(): number | null {
    this.#fwtsEnd ??= { offset: this.#findFwtsEnd() };
    return this.#fwtsEnd.offset;
  }

  #findFwtsEnd(): number | null {
    for (const structure of this.table.structures) {
      const read =
        structure.name === 'RMRR' || (structure.name === 'DRHD' && !includesPciAll(structure));
      const first = read && structure.deviceScope.find(({ type }) => type >= SCOPE_ACPI_DEVICE);
      if (!first) continue;
      // Few tables have one where fwts looks, and only of those its answer is asked.
      const ends = first.type === SCOPE_ACPI_DEVICE && this.fwts === 'Unknown device scope type';
      return ends ? first.offset : null;
    }
    return null;
  }

  /** Units with INCLUDE_PCI_ALL. */
  get takingAll(): readonly Drhd[] {
    this.#takingAll ??= this.drhds.filter(includesPciAll);
    return this.#takingAll;
  }

  /** Which devices have a unit. */
  get coverage(): Coverage {
    this.#coverage ??= new Coverage(this.drhds, this.host.pci);
    return this.#coverage;
  }

  /** Register base addresses of all units. */
  get bases(): ReadonlySet<bigint> {
    this.#bases ??= new Set(this.drhds.map((unit) => unit.registerBaseAddress));
    return this.#bases;
  }

  /** Numbers of the name-space devices that ANDDs declare, and of those that units' device scopes name. */
  get acpiDevices() {
    this.#acpiDevices ??= {
      declared: new Set(this.all('ANDD').map((one) => one.acpiDeviceNumber)),
      named: new Set(
        this.drhds.flatMap(({ deviceScope }) =>
          deviceScope
            .filter(({ type }) => type === SCOPE_ACPI_DEVICE)
            .map(({ enumerationId }) => enumerationId),
        ),
      ),
    };
    return this.#acpiDevices;
  }

  /** The structures of one type, in table order. */
  all<N extends Structure['name']>(name: N): readonly StructureOf<N>[] {
    return (this.#byName.get(name) ?? []) as StructureOf<N>[];
  }
}
