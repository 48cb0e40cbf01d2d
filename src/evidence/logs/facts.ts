import { formatSbdf, keyOf, type Sbdf } from '../../base/sbdf.js';
import type { MachineName, MemoryRange } from '../../machine/host.js';
import type { Facts, SeenFunction, SeenGroup } from './log.js';

/** What a text tells of a function; what is left out it does not tell. */
export type FunctionFacts = Partial<Omit<SeenFunction, 'address'>>;

const NOTHING_SEEN: Omit<SeenFunction, 'address'> = {
  vendorId: null,
  deviceId: null,
  classCode: null,
  headerType: null,
  secondary: null,
  subordinate: null,
  driver: null,
};

/** Gathers the facts of a machine from whatever texts show of it. */
export class FactCollector {
  linux: string | null = null;
  xen: string | null = null;
  linuxCmdline: string | null = null;
  xenCmdline: string | null = null;
  dmi: MachineName | null = null;
  readonly #memory: MemoryRange[] = [];
  #memoryHeading = false;
  #memoryOf: 'Linux' | 'Xen' | 'listing' | null = null;
  readonly #functions = new Map<number, SeenFunction>();
  readonly #groups = new Map<
    number,
    { devices: Set<string>; reserved: { start: bigint; end: bigint; type: string }[] | null }
  >();
  /** Whether a listing shows all functions, as lspci does. */
  functionsListed = false;

  /** A memory map begins; one of Xen's counts before one of Linux, which may be a guest's. */
  memoryMap(whose: 'Linux' | 'Xen' | 'listing'): void {
    if (whose === 'Linux' && this.#memoryOf === 'Xen') return;
    this.#memory.length = 0;
    this.#memoryHeading = true;
    this.#memoryOf = whose;
  }

  /** @param end exclusive */
  memory(whose: 'Linux' | 'Xen' | 'listing', start: bigint, end: bigint, type: number): void {
    if (this.#memoryOf !== null && this.#memoryOf !== whose) {
      if (whose !== 'Xen') return;
      this.#memory.length = 0;
      this.#memoryHeading = false;
    }
    this.#memoryOf = whose;
    if (end > start) this.#memory.push({ start, end, type });
  }

  pci(address: Sbdf, facts: FunctionFacts): void {
    const key = keyOf(address);
    const known = this.#functions.get(key) ?? { address, ...NOTHING_SEEN };
    this.#functions.set(key, { ...known, ...facts });
  }

  group(id: number, device: Sbdf | null): void {
    const group = this.#group(id);
    if (device !== null) group.devices.add(formatSbdf(device));
  }

  /** @param end inclusive */
  reserved(id: number, start: bigint, end: bigint, type: string): void {
    const group = this.#group(id);
    group.reserved ??= [];
    group.reserved.push({ start, end, type });
  }

  #group(id: number) {
    const group = this.#groups.get(id) ?? { devices: new Set<string>(), reserved: null };
    this.#groups.set(id, group);
    return group;
  }

  /** Whether anything is known that a question could use. */
  get tells(): boolean {
    return this.#memory.length > 0 || this.#functions.size > 0 || this.#groups.size > 0;
  }

  facts(): Facts {
    const memoryMap = [...this.#memory].sort((a, b) => (a.start < b.start ? -1 : 1));
    const functions = [...this.#functions.values()];
    const groups: SeenGroup[] = Array.from(this.#groups, ([id, { devices, reserved }]) => ({
      id,
      devices: [...devices],
      reservedRegions: reserved,
    })).sort((a, b) => a.id - b.id);
    const { linux, xen, linuxCmdline, xenCmdline, dmi } = this;
    return {
      ...{ linux, xen, linuxCmdline, xenCmdline, dmi },
      memoryMap: memoryMap.length === 0 ? null : memoryMap,
      memoryMapWhole: this.#memoryHeading && memoryMap[0]?.start === 0n,
      functions,
      functionsWhole: this.#showsAll(functions),
      groups,
    };
  }

  /** Each machine has a host bridge at 00:00.0; a text that leaves it out shows only some functions. */
  #showsAll(functions: readonly SeenFunction[]): boolean {
    const bridge = this.#functions.has(0);
    return bridge && (this.functionsListed || (this.linux !== null && functions.length > 3));
  }
}

/** Two facts of one kind: the first that is known. */
export const mergeFacts = (one: Facts, other: Facts): Facts => {
  const map = one.memoryMap === null || (other.memoryMapWhole && !one.memoryMapWhole) ? other : one;
  const functions = new Map<number, SeenFunction>();
  for (const fn of [...other.functions, ...one.functions]) {
    const key = keyOf(fn.address);
    functions.set(key, withKnown(functions.get(key), fn));
  }
  const groups = new Map<number, SeenGroup>();
  for (const group of [...one.groups, ...other.groups]) {
    const known = groups.get(group.id);
    groups.set(group.id, {
      id: group.id,
      devices: [...new Set([...(known?.devices ?? []), ...group.devices])],
      reservedRegions: known?.reservedRegions ?? group.reservedRegions,
    });
  }
  return {
    linux: one.linux ?? other.linux,
    xen: one.xen ?? other.xen,
    linuxCmdline: one.linuxCmdline ?? other.linuxCmdline,
    xenCmdline: one.xenCmdline ?? other.xenCmdline,
    dmi: one.dmi ?? other.dmi,
    memoryMap: map.memoryMap,
    memoryMapWhole: map.memoryMapWhole,
    functions: [...functions.values()],
    functionsWhole: one.functionsWhole || other.functionsWhole,
    groups: [...groups.values()].sort((a, b) => a.id - b.id),
  };
};

function withKnown(known: SeenFunction | undefined, fn: SeenFunction): SeenFunction {
  if (known === undefined) return fn;
  const told = Object.entries(fn).filter(([, value]) => value !== null);
  return { ...known, ...Object.fromEntries(told) };
}
