import type { Diagnostic } from '../../acpi/diagnostic.js';
import { sbdfKey, sbdfOf } from '../../base/sbdf.js';
import type { PciTopology } from '../../machine/pci-topology.js';
import type { XenCmdline } from '../cmdline.js';
import type { Machine } from '../machine.js';
import { isPresent } from '../machine.js';
import { MemoryMap } from '../memory-map.js';
import type { Release } from '../releases.js';
import { HypervisorStop, type ParseFailure } from '../stop.js';
import { TableMemory } from '../table-memory.js';
import type { IgnoredRegion } from '../vtd/units.js';
import { IoApics } from './io-apics.js';
import { type AmdIommu, findIommus } from './iommus.js';
import { IvrsMappings } from './mappings.js';
import {
  bdfEntriesOf,
  type ExtraReserved,
  explainDropped,
  ignoreAll,
  parseIvrs,
} from './parse-ivrs.js';
import type { MemoryBlock, ParseState } from './parse-state.js';

/** What Xen made of an IVRS table. */
export interface AmdDriver {
  /** What parse_ivrs_table answered: 0 or a negative errno; null where Xen did not come to it. */
  readonly parse_rc: number | null;
  /** Where the table was given up, in whichever of the four walks over it. */
  readonly failure: ParseFailure | null;
  /** Why there is no IOMMU although the table is in order; null where there is one, or a failure. */
  readonly off: string | null;
  /** In the order of the table; none without an IOMMU. */
  readonly iommus: readonly AmdIommu[];
  /** Device IDs of segment 0; null where no IOMMU is on that segment, or none at all. */
  readonly mappings: IvrsMappings | null;
  /** Device IDs of IOMMUs that are there themselves: the first to ask for their IOMMU is the hypercall. */
  readonly unasked: readonly number[];
  /** Regions of IVMDs and options that are in use, at least for some of their devices. */
  readonly registered: readonly MemoryBlock[];
  readonly ignored: readonly IgnoredRegion[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Brings AMD's driver up on a machine with this table (xen/drivers/passthrough/amd/pci_amd_iommu.c,
 * acpi_ivrs_init and iov_detect; iommu_init.c, amd_iommu_prepare).
 *
 * @param bytes the IVRS table and what follows it in memory
 * @throws HypervisorStop where the hypervisor stops
 */
export function initAmd(
  bytes: Uint8Array,
  machine: Machine,
  release: Release,
  cmdline: Pick<XenCmdline, 'iommu' | 'ivmd' | 'ivrsIoApics' | 'x2apic'>,
  extraReserved: readonly ExtraReserved[],
): AmdDriver {
  const memory = new TableMemory(bytes);
  const registered: MemoryBlock[] = [];
  const ignored: IgnoredRegion[] = [];
  const diagnostics: Diagnostic[] = [];
  const end = (
    parse_rc: number | null,
    failure: ParseFailure | null,
    off: string | null = null,
    iommus: readonly AmdIommu[] = [],
    mappings: IvrsMappings | null = null,
  ): AmdDriver => {
    if (memory.missing !== null) diagnostics.push(readPastTable(memory.missing));
    const unasked =
      machine.pci === null
        ? []
        : iommus
            .filter(({ segment, bdf }) => segment === 0 && isPresent(machine, sbdfOf(0, bdf)))
            .map(({ bdf }) => bdf);
    return {
      parse_rc,
      failure,
      off,
      iommus,
      mappings,
      unasked,
      registered: failure === null ? registered : [],
      ignored,
      diagnostics,
    };
  };
  const giveUp = (failure: ParseFailure): AmdDriver => {
    explainDropped({ memory, ignored }, failure);
    return end(null, failure);
  };

  const switchOff = (why: string): AmdDriver => {
    ignoreAll({ memory, ignored }, 'vtd-disabled', 'is not reported, because AMD-Vi is off');
    return end(null, null, why);
  };

  const found = findIommus(memory, machine);
  if ('rc' in found) return giveUp(found);
  const { iommu } = cmdline;
  if (!iommu.enable) return switchOff("Xen's command line switches the IOMMU off.");
  if (release.amdNeedsCx16 && machine.lacksCx16) {
    return switchOff(
      'The processor lacks CMPXCHG16B, without which this release does not use the IOMMU.',
    );
  }
  // From here on a failure frees everything. Where x2APIC made Xen come here early, it comes once more.
  const early = machine.x2apic === true && cmdline.x2apic && iommu.intremap;
  const stopOnSecondTry = (why: string) => {
    if (early) {
      throw new HypervisorStop(
        'bug',
        `${why} On a processor with x2APIC Xen then asserts that there is an IOMMU`,
      );
    }
  };
  const off = offReason(machine, iommu.intremap && iommu.amd_iommu_perdev_intremap);
  if (off !== null) {
    stopOnSecondTry(off);
    return switchOff(off);
  }
  const bdfEntries = bdfEntriesOf(memory, found);
  if (typeof bdfEntries !== 'number') {
    stopOnSecondTry(bdfEntries.message);
    return giveUp(bdfEntries);
  }
  const hasSegment0 = found.iommus.some(({ segment }) => segment === 0);
  const mappings = hasSegment0 ? new IvrsMappings(bdfEntries) : null;
  const state: ParseState = {
    memory,
    found,
    release,
    iommu,
    memoryMap: machine.memoryMap === null ? null : new MemoryMap(machine.memoryMap),
    mappings,
    ioApics: new IoApics(
      machine.ioApics ?? null,
      iommu.amd_iommu_perdev_intremap,
      cmdline.ivrsIoApics,
    ),
    bdfEntries,
    registered,
    ignored,
    diagnostics,
  };
  const failure = parseIvrs(state, { ivmd: cmdline.ivmd?.blocks ?? [], extraReserved });
  if (failure !== null) {
    stopOnSecondTry(failure.message);
    return end(failure.rc, failure);
  }
  if (mappings !== null && machine.pci !== null) {
    adoptFunctions(mappings, machine.pci, machine, found.iommus);
  }
  return end(0, null, null, found.iommus, mappings);
}

/**
 * AMD's driver where what it does at boot is not asked: it stopped, was not started, or is of a release that
 * reports no regions on AMD.
 *
 * @param reason why the table's regions are not reported
 * @param why the end of a sentence that begins with the region
 * @param off why there is no IOMMU; null where there may be one
 */
export function amdWithoutRegions(
  bytes: Uint8Array,
  reason: 'vtd-disabled' | 'never-reported',
  why: string,
  off: string | null,
): AmdDriver {
  const ignored: IgnoredRegion[] = [];
  ignoreAll({ memory: new TableMemory(bytes), ignored }, reason, why);
  return {
    parse_rc: null,
    failure: null,
    off,
    iommus: [],
    mappings: null,
    unasked: [],
    registered: [],
    ignored,
    diagnostics: [],
  };
}

/** Why Xen does not use IOMMUs on this machine (iommu_init.c, amd_iommu_prepare and amd_sp5100_erratum28). */
function offReason({ pci, fadtNoMsi }: Machine, perDevice: boolean): string | null {
  if (perDevice && pci !== null) {
    for (let bus = 0; bus < 256; bus++) {
      const function0 = pci.get(0, bus, SOUTH_BRIDGE_DEVICE, 0);
      if (function0 !== null && isSp5100Combined(function0.config)) {
        return 'The SP5100 south bridge runs SATA in combined mode (erratum 28), with which Xen does not use the IOMMU.';
      }
    }
  }
  return fadtNoMsi ? 'The FADT says that the machine has no MSI.' : null;
}

const SOUTH_BRIDGE_DEVICE = 0x14;

/** Vendor 1002h, device 4385h, bit 3 of byte adh. */
const isSp5100Combined = (config: Uint8Array): boolean =>
  config[0] === 0x02 &&
  config[1] === 0x10 &&
  config[2] === 0x85 &&
  config[3] === 0x43 &&
  ((config[0xad] ?? 0) & 8) !== 0;

/**
 * Setting dom0 up asks for the IOMMU of every function that is there, but of the IOMMUs themselves
 * (pci_amd_iommu.c, amd_iommu_add_device).
 */
function adoptFunctions(
  mappings: IvrsMappings,
  pci: PciTopology,
  machine: Machine,
  iommus: readonly AmdIommu[],
): void {
  for (const { segment, bus, device, func } of pci.functions()) {
    const bdf = sbdfKey(0, bus, device, func);
    const isIommu = iommus.some((iommu) => iommu.segment === segment && iommu.bdf === bdf);
    if (segment === 0 && !isIommu && isPresent(machine, { segment, bus, device, func })) {
      mappings.findIommu(bdf);
    }
  }
}

const readPastTable = (missing: number): Diagnostic => ({
  code: 'xen-reads-past-table',
  severity: 'warning',
  offset: missing,
  length: 0,
  message: `The bytes given end at offset ${missing}, and Xen reads on; what follows is taken as zeros.`,
});
