import { sbdfKey } from '../../base/sbdf.js';
import { ERRNO } from '../hypercall/errno.js';
import type { IoApic } from '../machine.js';
import type { ParseFailure } from '../stop.js';
import { failAt } from './blocks.js';
import type { IoApicOverride } from './ioapic-option.js';

/** I/O APICs that Xen has room for (xen/arch/x86/include/asm/io_apic.h, MAX_IO_APICS). */
const MOST_IO_APICS = 128;
/** Where the south bridge's I/O APIC always is. */
const SOUTH_BRIDGE = sbdfKey(0, 0, 0x14, 0);

/** Where an I/O APIC's requests come from. */
interface KnownIoApic {
  readonly id: number;
  /** Segment in bits 31:16, bus, device and function below. */
  readonly sbdf: number;
  /** By Xen's command line, not by the table. */
  readonly cmdline: boolean;
}

/**
 * The I/O APICs that the table, or `ivrs_ioapic[…]=`, places (iommu_acpi.c, parse_ivhd_device_special and
 * the end of parse_ivrs_table). Asked only with interrupt remapping on.
 */
export class IoApics {
  readonly #known: KnownIoApic[];

  /**
   * @param madt null: unknown, so that every one the table names is there, and no other
   * @param perDevice false: what is wrong is only said (`iommu=no-amd-iommu-perdev-intremap`)
   */
  constructor(
    readonly madt: readonly IoApic[] | null,
    readonly perDevice: boolean,
    overrides: readonly IoApicOverride[],
  ) {
    this.#known = overrides.map(({ id, sbdf }) => ({ id, sbdf, cmdline: true }));
  }

  /**
   * Takes the entry that places an I/O APIC.
   *
   * @returns null, or why the entry is refused, as a sentence's end
   */
  place(id: number, sbdf: number): string | null {
    if (this.#known.some((known) => known.cmdline && known.sbdf === sbdf)) return null;
    if (this.madt !== null && !this.madt.some((apic) => apic.id === id)) {
      return `names I/O APIC ${id}, which the MADT does not have`;
    }
    const known = this.#known.find((apic) => apic.id === id);
    if (known === undefined) {
      if (this.#known.length === MOST_IO_APICS)
        return 'names one more I/O APIC than Xen has room for';
      this.#known.push({ id, sbdf, cmdline: false });
    } else if (!known.cmdline && known.sbdf !== sbdf && this.perDevice) {
      return `places I/O APIC ${id} at another address than an entry before it`;
    }
    return null;
  }

  /** Whether every I/O APIC has been placed, and one of them in the south bridge. */
  check(): ParseFailure | null {
    if (!this.perDevice) return null;
    const nowhere = { offset: 0, length: 0 };
    const asked =
      this.madt?.filter(({ pins }) => pins !== 0).map(({ id }) => id) ??
      this.#known.map(({ id }) => id);
    let southBridge = false;
    for (const id of asked) {
      const known = this.#known.find((apic) => apic.id === id);
      if (known === undefined) {
        return failAt(nowhere, ERRNO.ENXIO, `No IVHD entry places I/O APIC ${id} of the MADT.`);
      }
      southBridge ||= known.sbdf === SOUTH_BRIDGE;
    }
    return southBridge
      ? null
      : failAt(
          nowhere,
          ERRNO.ENXIO,
          'No IVHD entry places an I/O APIC at 00:14.0, the south bridge.',
        );
  }
}
