import type { DmarTable } from '../../acpi/dmar/decode.js';
import type { DeviceScope } from '../../acpi/dmar/device-scope.js';
import { DMAR } from '../../acpi/dmar/dmar.js';
import type { Drhd } from '../../acpi/dmar/drhd.js';
import { encodeDmar } from '../../acpi/dmar/encode.js';
import type { Rmrr } from '../../acpi/dmar/rmrr.js';
import type { Scoped, Structure } from '../../acpi/dmar/structures.js';
import { layoutOf } from '../../acpi/table-layout.js';
import { NEWEST_LINUX } from '../../linux/kernel.js';
import { LinuxVtd } from '../../linux/vtd.js';
import type { HostFacts } from '../rule.js';
import { type FwtsComplaint, fwtsComplaint } from './fwts.js';

/** Whether a structure has no room for a device scope; one that was cut off has. */
export const namesNothing = (structure: Scoped): boolean =>
  structure.length <= layoutOf(DMAR, structure).fixedLength;

/** A decoded table laid out for the rules, and what is known of its machine. */
export class Subject {
  readonly drhds: readonly Drhd[];
  readonly rmrrs: readonly Rmrr[];
  /** Structures with device scopes, in table order. */
  readonly scoped: readonly Scoped[];
  #linux: LinuxVtd | null = null;
  #fwts: { readonly complaint: FwtsComplaint | null } | null = null;

  constructor(
    readonly table: DmarTable,
    readonly host: HostFacts,
  ) {
    this.drhds = this.all('DRHD');
    this.rmrrs = this.all('RMRR');
    this.scoped = table.structures.filter((s): s is Scoped => 'deviceScope' in s);
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

  /** What fwts' dmar test ends with. */
  get fwts(): FwtsComplaint | null {
    this.#fwts ??= { complaint: fwtsComplaint(encodeDmar(this.table), this.host.pci) };
    return this.#fwts.complaint;
  }

  /** The structures of one type, in table order. */
  all<N extends Structure['name']>(name: N): Extract<Structure, { name: N }>[] {
    return this.table.structures.filter(
      (s): s is Extract<Structure, { name: N }> => s.name === name,
    );
  }

  /** Each device scope entry and the structure it belongs to, in table order. */
  *scopes(): Generator<{ structure: Scoped; scope: DeviceScope }> {
    for (const structure of this.scoped) {
      for (const scope of structure.deviceScope) yield { structure, scope };
    }
  }
}
