import { type SpecialEntry, VARIETY } from '../../acpi/ivrs/device-entry.js';
import { type DeviceRange, deviceRanges } from '../../acpi/ivrs/device-range.js';
import { ivhdsFor, ivhdsOf } from '../../acpi/ivrs/forms.js';
import { IV_INFO } from '../../acpi/ivrs/header.js';
import type { Ivhd } from '../../acpi/ivrs/ivhd.js';
import type { Ivmd } from '../../acpi/ivrs/ivmd.js';
import type { IvrsTable } from '../../acpi/ivrs/ivrs.js';
import { bitsOf } from '../../acpi/layout.js';
import type { HostFacts } from '../rule.js';
import { DeviceListing } from './listing.js';

/** An IVMD and its place in the table's list. */
export interface PlacedIvmd {
  readonly block: Ivmd;
  /** Last byte, inclusive; below the start where the region is empty. */
  readonly limit: bigint;
}

/** An entry for an I/O APIC, and the IVHD it stands in. */
export interface IoApicEntry {
  readonly ivhd: Ivhd;
  readonly entry: SpecialEntry;
}

/** A decoded table laid out for the rules, and what is known of its machine. */
export class Subject {
  /** In any form, in table order. */
  readonly ivhds: readonly Ivhd[];
  /** Those of the form that Xen goes by. */
  readonly xenIvhds: readonly Ivhd[];
  readonly ivmds: readonly PlacedIvmd[];
  /** The I/O APICs that the IVHDs of Xen's form name. */
  readonly ioApics: readonly IoApicEntry[];
  readonly #ranges = new Map<Ivhd, readonly DeviceRange[]>();

  constructor(
    readonly table: IvrsTable,
    readonly host: HostFacts,
  ) {
    this.ivhds = ivhdsOf(table);
    this.xenIvhds = ivhdsFor(table, 'Xen');
    this.ivmds = table.structures
      .filter((block) => block.name === 'IVMD')
      .map((block) => ({ block, limit: block.startAddress + block.memoryLength - 1n }));
    this.ioApics = this.xenIvhds.flatMap((ivhd) =>
      ivhd.deviceEntries.flatMap((entry) =>
        'variety' in entry && entry.variety === VARIETY.ioApic ? [{ ivhd, entry }] : [],
      ),
    );
  }

  /** The devices behind an IOMMU, entry by entry. */
  rangesOf(ivhd: Ivhd): readonly DeviceRange[] {
    const known = this.#ranges.get(ivhd) ?? deviceRanges(ivhd);
    this.#ranges.set(ivhd, known);
    return known;
  }

  /** Where devices are listed for Xen; null where Xen goes by no IVHD. */
  get listing(): DeviceListing | null {
    if (this.xenIvhds.length === 0) return null;
    this.#listing ??= new DeviceListing(this.xenIvhds);
    return this.#listing;
  }
  #listing: DeviceListing | null = null;

  /** Bits of a DMA address by IVinfo: the smaller of physical and virtual size. */
  get addressBits(): number {
    const { ivInfo } = this.table.header;
    return Math.min(bitsOf(ivInfo, IV_INFO, 'PASize'), bitsOf(ivInfo, IV_INFO, 'VASize'));
  }
}
