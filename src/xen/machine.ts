import { frozen } from '../base/frozen.js';
import type { Sbdf } from '../base/sbdf.js';
import type { Host, MemoryRange } from '../machine/host.js';
import { classOf, type PciTopology } from '../machine/pci-topology.js';
import type { Release } from './releases.js';

/** The machine as the hypervisor finds it while it parses the table. */
export interface Machine {
  /** null: unknown, so every device counts as present and paths of several hops stay unresolved. */
  pci: PciTopology | null;
  /** null: unknown, so every address counts as reserved and every frame as valid. */
  memoryMap: readonly MemoryRange[] | null;
  /** PCI segments whose configuration space is known while the table is parsed. */
  segments: ReadonlySet<number>;
  /** Known segments whose memory-mapped configuration space cannot be read; segment 0 does without. */
  inaccessibleSegments?: ReadonlySet<number>;
  /** The I/O APICs of the MADT; null: unknown, so they count as what the IVRS table lists. */
  ioApics?: readonly IoApic[] | null;
  /** Whether the FADT says that the machine has no MSI (bit 3 of its boot architecture flags). */
  fadtNoMsi?: boolean;
  /** Whether the processor has x2APIC; unknown counts as no. */
  x2apic?: boolean;
  /** Whether the processor lacks CMPXCHG16B; unknown counts as no. */
  lacksCx16?: boolean;
  /** The Extended Feature Register of the IOMMU whose registers are at an address; null: unknown. */
  efr?: ((baseAddress: bigint) => bigint) | null;
}

/** An I/O APIC as the MADT lists it. */
export interface IoApic {
  readonly id: number;
  /** Pins it has; one without is none that Xen cares for. null: unknown, which counts as some. */
  readonly pins: number | null;
}

/** A machine nothing is known of. */
export const UNKNOWN_MACHINE: Machine = frozen({
  pci: null,
  memoryMap: null,
  segments: new Set<number>(),
});

/**
 * A host as a release of Xen finds it at boot: where it knows segments at all while parsing, these are
 * segment 0 and those of the MCFG table.
 */
export const machineOf = (host: Host, release: Release): Machine => ({
  pci: host.pci,
  memoryMap: host.memoryMap,
  segments: new Set(release.segmentsKnown ? [0, ...(host.segments ?? [])] : []),
  ioApics: host.ioApics?.map((id) => ({ id, pins: null })) ?? null,
  fadtNoMsi: host.fadtNoMsi ?? false,
  x2apic: host.cpuFlags?.includes('x2apic') ?? false,
  lacksCx16: host.cpuFlags?.includes('cx16') === false,
});

/**
 * A byte of configuration space as Xen reads it (xen/arch/x86/x86_64/pci.c, pci_conf_read8). Segment 0
 * can be read before it is known, through the I/O ports; others only once they are known.
 *
 * @returns 0xff where nothing answers
 */
export const readConfig = (machine: Machine, sbdf: Sbdf, offset: number): number =>
  isReadable(machine, sbdf) && machine.pci !== null ? machine.pci.configByte(sbdf, offset) : 0xff;

const isReadable = (machine: Machine, { segment }: Sbdf): boolean =>
  segment === 0 || (machine.segments.has(segment) && !machine.inaccessibleSegments?.has(segment));

/** Whether a function answers; on a machine nothing is known of, every one does. */
export const isPresent = (machine: Machine, sbdf: Sbdf): boolean =>
  machine.pci === null || (isReadable(machine, sbdf) && machine.pci.answers(sbdf));

/** Bytes of configuration space that anybody may read; of the others an unprivileged reader learns nothing. */
const PUBLIC_CONFIG = 64;

/**
 * A double word of configuration space, as the hypervisor reads it before segments matter.
 *
 * @returns all ones where nothing answers; null where it is not known what it holds
 */
export function readConfigDword({ pci }: Machine, sbdf: Sbdf, offset: number): number | null {
  if (pci === null || pci.isUnread(sbdf)) return null;
  const { segment, bus, device, func } = sbdf;
  const length = pci.get(segment, bus, device, func)?.config.length;
  if (length === PUBLIC_CONFIG && offset + 4 > PUBLIC_CONFIG) return null;
  return (
    [3, 2, 1, 0].reduce((dword, i) => dword * 0x100 + pci.configByte(sbdf, offset + i), 0) >>> 0
  );
}

/** Whether a function is of a class; null where that is not known. */
export function isOfClass(
  { pci }: Machine,
  { segment, bus, device, func }: Sbdf,
  classCode: number,
): boolean | null {
  const fn = pci?.get(segment, bus, device, func) ?? null;
  return fn === null || fn.config.length === 0 ? null : classOf(fn) === classCode;
}

const CAPABILITIES_LIST = 0x10;
const MOST_CAPABILITIES = 48;

/**
 * Whether a function has a PCI capability (xen/drivers/pci/pci.c, pci_find_cap_offset).
 *
 * @returns null where that is not known
 */
export function findCapability(machine: Machine, sbdf: Sbdf, id: number): boolean | null {
  const byte = (offset: number): number | null => {
    const dword = readConfigDword(machine, sbdf, offset & ~3);
    return dword === null ? null : (dword >>> (8 * (offset & 3))) & 0xff;
  };
  const status = byte(0x06);
  if (status === null) return null;
  if ((status & CAPABILITIES_LIST) === 0) return false;
  let offset = byte(0x34);
  for (let i = 0; i < MOST_CAPABILITIES && offset !== null && offset >= 0x40; i++) {
    offset &= ~3;
    const found = byte(offset);
    if (found === id) return true;
    if (found === 0xff) return false;
    offset = found === null ? null : byte(offset + 1);
  }
  return offset === null ? null : false;
}
