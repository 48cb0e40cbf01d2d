import type { Sbdf } from '../base/sbdf.js';
import type { PciNames } from './pci-names.js';
import type { PciTopology } from './pci-topology.js';

/** Types of memory in the firmware's map, numbered as in E820 (ACPI specification, "System Address Map Interfaces"). */
export const E820 = {
  ram: 1,
  reserved: 2,
  acpi: 3,
  nvs: 4,
  unusable: 5,
  persistent: 7,
  persistentLegacy: 12,
  softReserved: 0xefffffff,
} as const;

/** One range of the firmware's memory map. */
export interface MemoryRange {
  start: bigint;
  /** First byte after the range. */
  end: bigint;
  /** E820 type; numbers beyond {@link E820} are kept as the firmware gave them. */
  type: number;
}

/** A member of a group of devices that the IOMMU cannot tell apart. */
export interface IommuGroup {
  id: number;
  /** SBDFs as the kernel writes them. */
  devices: string[];
  /** What `reserved_regions` lists; null where the kernel shows no such file. */
  reservedRegions: ReservedRegion[] | null;
}

/** Addresses that the kernel keeps an IOMMU group's devices from using as they like. */
export interface ReservedRegion {
  start: bigint;
  /** Last byte of the region, as the kernel prints it. */
  end: bigint;
  /** `direct`, `direct-relaxable`, `reserved`, `msi` or what a newer kernel says. */
  type: string;
}

/** What Linux knows of a PCI function beside its configuration space. */
export interface PciDetails {
  /** 24 bits: base class, subclass, programming interface. */
  classCode: number | null;
  /** The kernel's word where there is one: a virtual function's own configuration space does not tell. */
  vendorId: number | null;
  deviceId: number | null;
  /** Name of the driver that holds it. */
  driver: string | null;
  /** The function that this one is a virtual function of. */
  physicalFunction: Sbdf | null;
  /** Its base address registers that ask for anything; null where the kernel shows no `resource` file. */
  bars: PciBar[] | null;
}

/** The details of a function of which nothing is known. */
export const UNKNOWN_DETAILS: PciDetails = {
  classCode: null,
  vendorId: null,
  deviceId: null,
  driver: null,
  physicalFunction: null,
  bars: null,
};

/** A base address register of a function. */
export interface PciBar {
  /** 0 to 5; 6 is the expansion ROM. */
  bar: number;
  kind: 'mem32' | 'mem64' | 'io' | 'rom';
  /** Bytes, a power of two. */
  size: bigint;
}

/** Whose machine it is, and of which model. */
export interface MachineName {
  /** Maker and model: `HP ProLiant MicroServer Gen8`. */
  readonly name: string;
  /** Version of its firmware. */
  readonly firmware: string | null;
}

/** What the firmware's DMI tables say of a machine (Linux, `/sys/class/dmi/id`). */
export interface Dmi {
  /** Its maker (`sys_vendor`); null where the source does not tell it from the model. */
  readonly vendor: string | null;
  /** Its model (`product_name`). */
  readonly product: string | null;
  /** Version of its firmware (`bios_version`). */
  readonly firmware: string | null;
}

/**
 * What a machine says of itself. Every fact may be missing (null): an unprivileged reader sees less,
 * and a captured tree may hold only some.
 */
export interface Host {
  /** The directory or archive that holds `sys/`, as messages call it. */
  readonly root: string;
  readonly pci: PciTopology | null;
  readonly memoryMap: MemoryRange[] | null;
  /** PCI segments of the ACPI MCFG table. */
  readonly segments: number[] | null;
  /** IDs of the I/O APICs that the ACPI MADT (its signature is APIC) lists. */
  readonly ioApics: number[] | null;
  /** Whether the ACPI FADT (its signature is FACP) says that the machine has no MSI. */
  readonly fadtNoMsi: boolean | null;
  /** Flags of the first processor, as Linux names them: `x2apic`, `cx16`. */
  readonly cpuFlags: readonly string[] | null;
  /** Version of the Xen hypervisor this machine runs, e.g. `4.17.7`. */
  readonly xen: string | null;
  /** Release of the Linux kernel, e.g. `6.8.0-45-generic`. */
  readonly linux: string | null;
  readonly dmi: Dmi | null;
  readonly iommuGroups: IommuGroup[] | null;
  /** The PCI ID database, of this host or of the machine that this program runs on. */
  readonly pciNames: PciNames | null;
  /** What the running kernel was booted with. */
  readonly linuxCmdline: string | null;
  /** What the running kernel's lockdown is: `none`, `integrity` or `confidentiality`; null where it does not tell. */
  readonly lockdown: string | null;
  /** Whether the running kernel was built to take ACPI tables from its initial RAM disk; null where that is not told. */
  readonly takesTables: boolean | null;
  /** What the kernel tells of a function beside its configuration space; each may be missing. */
  pciDetails(address: Sbdf): PciDetails;
  /** Sentences about facts that are there but could not be read; they come as the facts are asked for. */
  readonly notes: string[];
}
