import type { Sbdf } from '../base/sbdf.js';
import type { Host, MemoryRange } from '../machine/host.js';
import type { PciTopology } from '../machine/pci-topology.js';
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
}

/** A machine nothing is known of. */
export const UNKNOWN_MACHINE: Machine = { pci: null, memoryMap: null, segments: new Set() };

/**
 * A host as a release of Xen finds it at boot: where it knows segments at all while parsing, these are
 * segment 0 and those of the MCFG table.
 */
export const machineOf = (host: Host, release: Release): Machine => ({
  pci: host.pci,
  memoryMap: host.memoryMap,
  segments: new Set(release.segmentsKnown ? [0, ...(host.segments ?? [])] : []),
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
