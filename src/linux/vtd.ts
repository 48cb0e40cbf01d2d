import { SCOPE_ENDPOINT, SCOPE_SUB_HIERARCHY } from '../acpi/dmar/device-scope.js';
import { keyOf, type Sbdf, sbdfKey } from '../base/sbdf.js';
import {
  CONFIG,
  classOf,
  PCI_CLASS,
  type PciFunction,
  type PciTopology,
} from '../machine/pci-topology.js';
import {
  type LinuxDmar,
  type LinuxFailure,
  type LinuxRmrr,
  type LinuxScope,
  type LinuxScoped,
  type LinuxUnit,
  readDmar,
} from './dmar.js';
import type { LinuxFunction, LinuxIommu } from './iommu.js';
import { does, type LinuxKernel, offSwitch } from './kernel.js';
import { LinuxMemoryMap } from './memory-map.js';

/** What is known of the machine that a kernel runs on; null where a fact is missing. */
export interface LinuxMachine {
  readonly pci: PciTopology | null;
  readonly memoryMap: ConstructorParameters<typeof LinuxMemoryMap>[0] | null;
  /** What the kernel was booted with. */
  readonly cmdline: string | null;
  /** Virtual functions: scopes name none of them (drivers/iommu/intel/dmar.c, dmar_dev_scope_init). */
  isVirtual(address: Sbdf): boolean;
}

/** A function that a scope entry names. */
interface Match {
  readonly fn: PciFunction;
  readonly scope: LinuxScope;
}

const byteOf = ({ config }: PciFunction, offset: number): number => config[offset] ?? 0;

/** Bits of the header type that say what follows. */
const HEADER_TYPE = 0x7f;
const NORMAL_HEADER = 0;
/** Class and subclass of a bridge to something else, as a non-transparent one. */
const OTHER_BRIDGE = 0x0680;

/**
 * Finds what functions a path names. Linux goes the other way about: each function has a path of its own from its
 * root bus, hop by hop, and an entry has to be the same; but with a single hop the function's own bus will do for
 * a start (drivers/iommu/intel/dmar.c, dmar_match_pci_path).
 */
class PathIndex {
  readonly #byPath = new Map<string, PciFunction>();
  readonly #byAddress = new Map<number, PciFunction>();

  constructor(pci: PciTopology, isVirtual: (address: Sbdf) => boolean) {
    const bridges = new Map<string, PciFunction>();
    for (const fn of pci.functions()) {
      const secondary = byteOf(fn, CONFIG.secondaryBus);
      const key = `${fn.segment}:${secondary}`;
      if (pci.isBridge(fn) && secondary !== 0 && !bridges.has(key)) bridges.set(key, fn);
    }
    for (const fn of pci.functions()) {
      if (isVirtual(fn)) continue;
      this.#byAddress.set(keyOf(fn), fn);
      const hops: string[] = [];
      let top: PciFunction = fn;
      const seen = new Set<PciFunction>();
      while (!seen.has(top)) {
        seen.add(top);
        hops.unshift(`${top.device}.${top.func}`);
        const bridge = bridges.get(`${top.segment}:${top.bus}`);
        if (bridge === undefined) break;
        top = bridge;
      }
      this.#byPath.set(`${top.segment}:${top.bus}:${hops.join('/')}`, fn);
    }
  }

  /** @returns the function, and whether the path is the one from its root bus */
  find(
    segment: number,
    { startBus, path }: LinuxScope,
  ): { fn: PciFunction; fromRoot: boolean } | null {
    const hops = path.map(([device, func]) => `${device}.${func}`).join('/');
    const named = this.#byPath.get(`${segment}:${startBus}:${hops}`);
    if (named !== undefined) return { fn: named, fromRoot: true };
    const [only] = path;
    if (only === undefined || path.length > 1) return null;
    const [device, func] = only;
    // Beyond these a PCI bus has nothing, and no function compares equal.
    if (device > 31 || func > 7) return null;
    const fn = this.#byAddress.get(sbdfKey(segment, startBus, device, func));
    return fn === undefined ? null : { fn, fromRoot: false };
  }
}

/** Whether a function is on a bus that a bridge leads to. */
const isBelow = ({ bus }: Sbdf, bridge: PciFunction): boolean =>
  byteOf(bridge, CONFIG.secondaryBus) <= bus && bus <= byteOf(bridge, CONFIG.subordinateBus);

/** A bridge with buses below it. */
const leadsOn = (fn: PciFunction): boolean =>
  (byteOf(fn, CONFIG.headerType) & HEADER_TYPE) !== NORMAL_HEADER;

/** What a kernel's driver for Intel's units makes of a DMAR table on a machine. */
export class LinuxVtd implements LinuxIommu {
  readonly vendor = 'Intel';
  readonly failure: LinuxFailure | null;
  readonly table: LinuxDmar;
  /** Entries that name a function only for its own bus, of which the kernel complains. */
  readonly workarounds: LinuxScope[] = [];
  readonly #paths: PathIndex | null;
  /** Functions that each structure's scope names, as far as the machine is known. */
  readonly #matches = new Map<LinuxScoped, readonly Match[]>();
  /** Regions of the functions that entries name, by address. */
  readonly #named = new Map<number, Set<LinuxRmrr>>();
  /** Bridges that entries name, and the regions that all below them have as well. */
  readonly #bridges: { bridge: PciFunction; rmrr: LinuxRmrr }[] = [];
  readonly #units = new Map<number, LinuxUnit>();
  /** Bridges whose units serve all below them, and units that serve all else of a segment. */
  readonly #served: { bridge: PciFunction; unit: LinuxUnit }[] = [];
  readonly #catchAlls = new Map<number, LinuxUnit>();

  constructor(
    bytes: Uint8Array,
    readonly kernel: LinuxKernel,
    machine: LinuxMachine,
  ) {
    const { pci, memoryMap, cmdline } = machine;
    this.table = readDmar(bytes, kernel, memoryMap && new LinuxMemoryMap(memoryMap));
    this.#paths = pci && new PathIndex(pci, (address) => machine.isVirtual(address));
    const { units, rmrrs, others } = this.table;
    const matched = [...units.filter(({ includesAll }) => !includesAll), ...rmrrs, ...others];
    for (const structure of matched) this.#matches.set(structure, this.#match(structure));
    for (const unit of units) {
      for (const { fn } of this.#matchesOf(unit)) {
        if (!this.#units.has(keyOf(fn))) this.#units.set(keyOf(fn), unit);
        if (leadsOn(fn)) this.#served.push({ bridge: fn, unit });
      }
      if (unit.includesAll && !this.#catchAlls.has(unit.segment)) {
        this.#catchAlls.set(unit.segment, unit);
      }
    }
    for (const rmrr of rmrrs) this.#place(rmrr);
    this.failure = this.table.failure ?? this.#mismatch() ?? switchedOff(cmdline);
  }

  #matchesOf = (structure: LinuxScoped): readonly Match[] => this.#matches.get(structure) ?? [];

  /** Each function once, by the first entry that names it (dmar_insert_dev_scope). */
  #match({ segment, scopes }: LinuxScoped): Match[] {
    const matches = new Map<PciFunction, Match>();
    for (const scope of scopes) {
      if (scope.type !== SCOPE_ENDPOINT && scope.type !== SCOPE_SUB_HIERARCHY) continue;
      const found = this.#paths?.find(segment, scope);
      if (!found || matches.has(found.fn)) continue;
      matches.set(found.fn, { fn: found.fn, scope });
      if (!found.fromRoot) this.workarounds.push(scope);
    }
    return [...matches.values()];
  }

  #place(rmrr: LinuxRmrr): void {
    const add = (address: Sbdf) => {
      const regions = this.#named.get(keyOf(address)) ?? new Set();
      this.#named.set(keyOf(address), regions.add(rmrr));
    };
    for (const { fn } of this.#matchesOf(rmrr)) {
      add(fn);
      if (leadsOn(fn)) this.#bridges.push({ bridge: fn, rmrr });
    }
    if (this.#paths !== null) return;
    // Of a machine that is not known every function that one hop names is taken to be there.
    for (const { type, startBus, path } of rmrr.scopes) {
      const [hop, more] = path;
      if (hop === undefined || more !== undefined || type < SCOPE_ENDPOINT) continue;
      if (type > SCOPE_SUB_HIERARCHY || hop[0] > 31 || hop[1] > 7) continue;
      add({ segment: rmrr.segment, bus: startBus, device: hop[0], func: hop[1] });
    }
  }

  /** An entry whose type and function do not go together makes the kernel give all up. */
  #mismatch(): LinuxFailure | null {
    for (const matches of this.#matches.values()) {
      const wrong = matches.find(({ fn, scope }) => this.#contradicts(fn, scope));
      if (wrong !== undefined) {
        return { reason: 'scope-type', hangs: false, offset: wrong.scope.offset };
      }
    }
    return null;
  }

  #contradicts(fn: PciFunction, { type }: LinuxScope): boolean {
    // A function whose configuration could not be read contradicts nobody.
    if (fn.config.length === 0) return false;
    if (type === SCOPE_ENDPOINT) return leadsOn(fn);
    const passes = does(this.kernel, 'anyBridgeClass')
      ? classOf(fn) >> 8 === PCI_CLASS.bridge
      : classOf(fn) === OTHER_BRIDGE;
    return !leadsOn(fn) && !passes;
  }

  hasUnitOf(segment: number): boolean {
    return this.table.units.some((unit) => unit.segment === segment);
  }

  /** A virtual function has the unit of its physical one (device_lookup_iommu). */
  serves({ address, physicalFunction }: LinuxFunction): boolean | null {
    // Segments beyond 16 bits are Linux's own, behind Intel's VMD, whose unit they have.
    if (address.segment > 0xffff) return null;
    if (this.#paths === null) {
      // Of a machine that is not known, units of other segments serve nothing of this one.
      return this.hasUnitOf(address.segment) ? null : false;
    }
    const asked = physicalFunction ?? address;
    const above = ({ bridge }: { bridge: PciFunction }): boolean =>
      bridge.segment === asked.segment && isBelow(asked, bridge);
    const unit =
      this.#units.get(keyOf(asked)) ??
      this.#served.find(above)?.unit ??
      this.#catchAlls.get(asked.segment);
    return unit !== undefined && !unit.dead;
  }

  /**
   * The RMRRs that name a function, or a bridge above it (intel_iommu_get_resv_regions). The buses below a bridge
   * are compared without their segment, as Linux does.
   */
  regionsOf({
    address,
    physicalFunction,
  }: Pick<LinuxFunction, 'address' | 'physicalFunction'>): LinuxRmrr[] {
    const regions = new Set(physicalFunction === null ? this.#named.get(keyOf(address)) : []);
    if (does(this.kernel, 'belowBridge')) {
      for (const { bridge, rmrr } of this.#bridges) if (isBelow(address, bridge)) regions.add(rmrr);
    }
    return [...regions].sort((a, b) => a.offset - b.offset);
  }
}

function switchedOff(cmdline: string | null): LinuxFailure | null {
  return cmdline === null || offSwitch(cmdline) === null
    ? null
    : { reason: 'option', hangs: false, offset: 0 };
}
