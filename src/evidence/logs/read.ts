import { PAGE_SIZE } from '../../base/address.js';
import { keyOf, parseSbdf, type Sbdf } from '../../base/sbdf.js';
import { LISTINGS } from '../listings/index.js';
import type { Listed } from '../listings/listing.js';
import type { LogRegion, LogUnit } from '../logs/log.js';
import { memoryType, UNKNOWN_MEMORY_TYPE } from '../memory-types.js';
import type { Text } from '../text.js';
import { FactCollector, mergeFacts } from './facts.js';
import type { AnnouncedTable, Log, Loss, Sighting, Verdict } from './log.js';
import { searchText } from './search.js';

/** A region that comes in line by line. */
interface Growing {
  base: bigint;
  limit: bigint;
  devices: Map<number, Sbdf>;
  log: LogRegion['log'];
  line: number;
}

/** A structure of the table that Xen announced, and what it has said of it since. */
interface Structure {
  /** null where its announcement is not there, as in what grep left. */
  name: string | null;
  devices: Sbdf[];
  region: Growing | null;
  /** Whether a line says what became of its region. */
  settled: boolean;
}

/** What one speaker tells of one boot. */
class Boot {
  readonly regions = new Map<string, Growing>();
  readonly ignored = new Map<string, Growing>();
  readonly units = new Map<bigint, LogUnit>();
  readonly losses: Loss[] = [];
  facts = new FactCollector();
  table: AnnouncedTable | null = null;
  vtd: Verdict | null = null;
  remapping: Verdict | null = null;
  dumpStart: number | null = null;
  dumpEnd = false;
  saysNone = false;
  /** Structures for regions that Xen announced, and those of them that no line tells more of. */
  announced = 0;
  unsettled = 0;

  get tells(): boolean {
    return this.regions.size > 0 || this.units.size > 0;
  }

  region(
    base: bigint,
    limit: bigint,
    devices: readonly Sbdf[],
    log: LogRegion['log'],
    line: number,
  ): Growing {
    const key = `${base}-${limit}`;
    const region = this.regions.get(key) ?? { base, limit, devices: new Map(), log, line };
    this.regions.set(key, region);
    for (const device of devices) region.devices.set(keyOf(device), device);
    return region;
  }
}

/** Last byte of the map that kernels up to 5.7 give an ISA bridge, which no RMRR asks for. */
const ISA_LIMIT = 0xffffffn;

/** Kernels of 2.6 print the first byte after an identity map, later ones its last. */
const inclusive = (last: bigint): bigint => (last % PAGE_SIZE === 0n ? last - 1n : last);

/** Least digits of an address in Linux's dump of the table; fewer stand where a text lost some. */
const DUMP_DIGITS = 14;

/** Bytes of a DMAR table's header, and the fewest that its structures take (VT-d specification). */
const LEAST = { header: 48, unit: 16, region: 24 } as const;

/** Takes note of what lines say, in their order. */
class LogReader {
  readonly sightings: Sighting[] = [];
  readonly #boots: Boot[] = [];
  #boot = new Boot();
  #structure: Structure | null = null;
  #speakers = new Set<string>();

  take(sighting: Sighting): void {
    const taken = this.#takeFault(sighting) ?? sighting;
    this.sightings.push(taken);
    if (sighting.speaker === 'Xen') this.#takeXen(sighting);
    else if (sighting.speaker === 'Linux') this.#takeLinux(sighting);
  }

  /** A line that names a region but was not understood. */
  unreadable(line: number, text: string): void {
    if (this.#structure !== null) this.#structure.settled = true;
    this.#boot.losses.push({ code: 'line-unreadable', line, text });
  }

  /** The reason that stands on a line of its own goes to the fault before it. */
  #takeFault(sighting: Sighting): null {
    const { code } = sighting.line;
    if (code !== 'fault-reason' && code !== 'xen-fault-reason') return null;
    const at = this.sightings.findLastIndex(({ line }) => /^(xen-)?fault$/.test(line.code));
    const fault = this.sightings[at];
    if (fault === undefined || fault.reason !== null || at < this.sightings.length - 3) return null;
    this.sightings[at] = { ...fault, reason: sighting.reason };
    return null;
  }

  #start(): void {
    this.#close();
    if (this.#boot.tells || this.#boot.facts.tells) this.#boots.push(this.#boot);
    this.#boot = new Boot();
  }

  #takeLinux(sighting: Sighting): void {
    const { line, number, base, limit, device, values } = sighting;
    const boot = this.#boot;
    const { facts } = boot;
    switch (line.code) {
      case 'linux-release':
        // A dom0's kernel starts in the boot of its Xen.
        if (facts.linux !== null || facts.xen === null) this.#start();
        this.#boot.facts.linux = values.release ?? null;
        break;
      case 'linux-cmdline':
        facts.linuxCmdline = values.text?.trim() ?? null;
        break;
      case 'dmi':
        facts.dmi = { name: dmiName(values.text ?? ''), firmware: values.bios ?? null };
        break;
      case 'memory-map':
        facts.memoryMap('Linux');
        break;
      case 'memory':
        this.#takeMemory('Linux', values, 0n);
        break;
      case 'memory-inclusive':
        this.#takeMemory('Linux', values, 1n);
        break;
      case 'pci-function':
        if (device !== null) facts.pci(device, functionOf(values));
        break;
      case 'pci-bridge':
        if (device !== null) facts.pci(device, busesOf(values));
        break;
      case 'table':
        boot.table = tableOf('DMAR', values, number);
        break;
      case 'table-ivrs':
        boot.table = tableOf('IVRS', values, number);
        break;
      case 'dump-start':
        boot.dumpStart = number;
        break;
      case 'unit':
        this.#speakers.add('Linux');
        if (base !== null) {
          boot.units.set(base, { base, flags: Number.parseInt(values.flags ?? '0', 16) });
        }
        break;
      case 'rmrr':
        this.#takeDumped(sighting);
        break;
      case 'bad-rmrr-uncovered':
      case 'bad-rmrr':
        this.#speakers.add('Linux');
        if (base !== null && limit !== null) boot.region(base, limit, [], 'Linux', number);
        break;
      case 'identity-map':
      case 'identity-map-passthrough':
        this.#takeIdentityMap(sighting);
        break;
      case 'ivmd':
        if (base !== null && limit !== null) {
          this.#speakers.add('Linux');
          boot.region(base, limit, ivmdDevices(values), 'Linux', number);
        }
        break;
      case 'no-rmrr':
        boot.saysNone = true;
        boot.dumpEnd = true;
        break;
      case 'iommu-on':
      case 'unit-works':
      case 'iommu-forced':
        boot.dumpEnd = true;
        boot.remapping = { on: true, line: number };
        break;
      case 'dump-end':
      case 'interrupt-remapping':
      case 'no-interrupt-remapping':
        boot.dumpEnd = true;
        break;
      case 'iommu-off':
      case 'iommu-declined':
      case 'table-refused':
      case 'unit-dead':
        boot.dumpEnd = true;
        boot.remapping = { on: false, line: number };
        break;
      case 'group':
        if (device !== null) facts.group(Number(values.group), device);
        break;
    }
  }

  #takeDumped({ base, limit, values, number, text }: Sighting): void {
    this.#speakers.add('Linux');
    if (base === null || limit === null) return;
    const cut =
      (values.base?.length ?? 0) >= DUMP_DIGITS && (values.limit?.length ?? 0) < DUMP_DIGITS;
    if (cut) this.unreadable(number, text);
    else this.#boot.region(base, limit, [], 'Linux', number);
  }

  #takeIdentityMap({ base, limit, device, number }: Sighting): void {
    if (base === null || limit === null || device === null) return;
    this.#speakers.add('Linux');
    const last = inclusive(limit);
    if (base === 0n && last === ISA_LIMIT) return;
    this.#boot.region(base, last, [device], 'Linux', number);
  }

  #takeXen(sighting: Sighting): void {
    const { line, number, base, limit, device, values } = sighting;
    const { code } = line;
    // Only these go on with the structure before them.
    const within = /^(rmrr|scope-device$|scope-absent$|unit$|structure$)/.test(code);
    if (!within) this.#close();
    const boot = this.#boot;
    const { facts } = boot;
    switch (code) {
      case 'xen-release':
        this.#start();
        this.#boot.facts.xen = values.release ?? null;
        break;
      case 'xen-cmdline':
        facts.xenCmdline = values.text?.trim() ?? null;
        break;
      case 'xen-memory-map':
        facts.memoryMap('Xen');
        break;
      case 'xen-memory':
        this.#takeMemory('Xen', values, 0n);
        break;
      case 'xen-memory-inclusive':
        this.#takeMemory('Xen', values, 1n);
        break;
      case 'xen-dump-start':
        boot.dumpStart = number;
        break;
      case 'structure':
        this.#close();
        this.#structure = {
          name: values.structure ?? '',
          devices: [],
          region: null,
          settled: false,
        };
        if (values.structure === 'RMRR') boot.announced++;
        this.#speakers.add('Xen');
        break;
      case 'scope-device':
        if (device !== null) this.#scopeDevice(device);
        break;
      case 'unit':
        this.#speakers.add('Xen');
        if (base !== null) boot.units.set(base, { base, flags: null });
        if (this.#structure?.name !== 'DRHD') this.#close();
        break;
      case 'rmrr':
      case 'rmrr-not-reserved':
      case 'rmrr-incorrect':
        if (base !== null && limit !== null) this.#xenRegion(sighting, base, limit);
        break;
      case 'rmrr-not-reserved-pages':
        // Both are addresses of pages: the region goes on to the last byte of the second.
        if (base !== null && limit !== null) {
          this.#xenRegion(sighting, base, limit | (PAGE_SIZE - 1n));
        }
        break;
      case 'rmrr-overlap': {
        this.#xenOverlap(sighting);
        break;
      }
      case 'rmrr-ignored':
        if (base !== null && limit !== null) this.#ignore(base, limit, number);
        break;
      case 'xen-refused':
      case 'xen-off':
        boot.vtd = { on: false, line: number };
        break;
      case 'xen-accepted':
      case 'xen-on':
        boot.vtd ??= { on: true, line: number };
        boot.dumpEnd = true;
        break;
    }
  }

  #scopeDevice(device: Sbdf): void {
    this.#structure ??= { name: null, devices: [], region: null, settled: false };
    const { name, devices, region } = this.#structure;
    if (name !== null && name !== 'RMRR') return;
    if (region !== null && name === null) {
      // With no announcement between them, devices that follow a region are the next one's.
      this.#structure = { name: null, devices: [device], region: null, settled: false };
      return;
    }
    devices.push(device);
    region?.devices.set(keyOf(device), device);
  }

  #xenRegion({ line, number, text, values }: Sighting, base: bigint, limit: bigint): void {
    this.#speakers.add('Xen');
    const structure = this.#structure;
    const cut = (values.limit?.length ?? 0) < (values.base?.length ?? 0);
    if (limit < base && line.code !== 'rmrr-incorrect' && cut) {
      this.unreadable(number, text);
      return;
    }
    const inside = structure !== null && (structure.name === null || structure.name === 'RMRR');
    const region = this.#boot.region(base, limit, inside ? structure.devices : [], 'Xen', number);
    if (inside) {
      structure.region = region;
      structure.settled = true;
    }
  }

  #xenOverlap({ base, limit, number, values }: Sighting): void {
    if (base === null || limit === null) return;
    this.#speakers.add('Xen');
    const other = [values.otherBase, values.otherLimit].map((digits) => BigInt(`0x${digits}`));
    const [otherBase = 0n, otherLimit = 0n] = other;
    this.#boot.region(otherBase, otherLimit, [], 'Xen', number);
    this.#boot.region(base, limit, this.#structure?.devices ?? [], 'Xen', number);
    if (this.#structure !== null) this.#structure.settled = true;
  }

  #ignore(base: bigint, limit: bigint, line: number): void {
    this.#speakers.add('Xen');
    const key = `${base}-${limit}`;
    const devices = new Map(this.#structure?.devices.map((device) => [keyOf(device), device]));
    const known = this.#boot.regions.get(key);
    this.#boot.ignored.set(key, known ?? { base, limit, devices, log: 'Xen', line });
    this.#boot.regions.delete(key);
    if (this.#structure !== null) this.#structure.settled = true;
  }

  #close(): void {
    if (this.#structure?.name === 'RMRR' && !this.#structure.settled) this.#boot.unsettled++;
    this.#structure = null;
  }

  /** @param beyond what lies between the end that is printed and the first byte after the range */
  #takeMemory(whose: 'Linux' | 'Xen', values: Readonly<Record<string, string>>, beyond: bigint) {
    const type = memoryType(values.type ?? '');
    // What is in brackets behind two addresses may be something else: a map of another program.
    if (type === null && whose === 'Xen') return;
    const [start, end] = [values.start, values.end].map((digits) => BigInt(`0x${digits ?? '0'}`));
    this.#boot.facts.memory(
      whose,
      start as bigint,
      (end as bigint) + beyond,
      type ?? UNKNOWN_MEMORY_TYPE,
    );
  }

  /** Of several boots the last that tells anything of regions or units counts. */
  finish(listed: Listed): Log | null {
    this.#close();
    const isListed = listed.facts.tells || listed.regions.length + listed.units.length > 0;
    if (this.sightings.length === 0 && !isListed) return null;
    this.#boots.push(this.#boot);
    const telling = this.#boots.filter(({ tells }) => tells);
    const boot =
      telling.at(-1) ?? this.#boots.findLast(({ facts: known }) => known.tells) ?? this.#boot;
    const notes =
      telling.length > 1 ? [`The log has ${telling.length} boots; only the last one is used.`] : [];
    for (const { base, limit, devices, log, line } of listed.regions) {
      boot.region(base, limit, devices ?? [], log, line);
    }
    for (const unit of listed.units) boot.units.set(unit.base, unit);
    const regions = Array.from(boot.regions.values(), finished);
    const ignored = Array.from(boot.ignored.values(), finished);
    return {
      kind: this.#kind(),
      sightings: this.sightings,
      regions,
      ignored,
      units: [...boot.units.values()],
      table: boot.table,
      provesNone: provesNone(boot),
      vtd: boot.vtd,
      remapping: boot.remapping,
      losses: lossesOf(boot),
      facts: mergeFacts(boot.facts.facts(), listed.facts.facts()),
      notes,
    };
  }

  #kind(): Log['kind'] {
    if (this.#speakers.has('Xen')) return 'xen-log';
    if (this.#speakers.has('Linux')) return 'linux-log';
    const [first] = this.sightings;
    if (first === undefined) return 'listing';
    return first.speaker === 'Xen' ? 'xen-log' : 'linux-log';
  }
}

const finished = ({ base, limit, devices, log, line }: Growing): LogRegion => ({
  base,
  limit,
  devices: devices.size === 0 ? null : [...devices.values()],
  log,
  line,
});

const provesNone = ({ saysNone, dumpStart, dumpEnd, announced }: Boot): boolean =>
  saysNone || (dumpStart !== null && dumpEnd && announced === 0);

function lossesOf(boot: Boot): Loss[] {
  const { losses, regions, ignored, announced, unsettled, table, units, dumpStart, dumpEnd } = boot;
  const all: Loss[] = [...losses];
  if (unsettled > 0) {
    all.push({ code: 'regions-missing', announced, read: announced - unsettled });
  }
  const shown = LEAST.header + units.size * LEAST.unit + regions.size * LEAST.region;
  const more = table !== null && table.length - shown >= 2 * LEAST.region;
  if (dumpStart !== null && !dumpEnd && more) all.push({ code: 'dump-cut', line: dumpStart });
  if (regions.size + ignored.size === 0 && all.length === 0 && !provesNone(boot)) {
    all.push({ code: 'no-region-named' });
  }
  return all;
}

/** `HP ProLiant MicroServer Gen8` of `HP ProLiant MicroServer Gen8/XYZ`, as Linux prints maker, model and board. */
const dmiName = (text: string): string => text.split('/')[0]?.trim() ?? '';

const hexNumber = (digits: string | undefined): number | null =>
  digits === undefined ? null : Number.parseInt(digits, 16);

const functionOf = (values: Readonly<Record<string, string>>) => ({
  vendorId: hexNumber(values.vendorId),
  deviceId: hexNumber(values.deviceId),
  classCode: hexNumber(values.classCode),
  headerType: (hexNumber(values.headerType) ?? 0) & 0x7f,
});

const busesOf = ({ secondary, subordinate }: Readonly<Record<string, string>>) => ({
  headerType: 1,
  secondary: hexNumber(secondary),
  subordinate: hexNumber(subordinate ?? secondary),
});

const tableOf = (
  signature: AnnouncedTable['signature'],
  { length }: Readonly<Record<string, string>>,
  line: number,
): AnnouncedTable => ({ signature, length: Number.parseInt(length ?? '0', 16), line });

/** The functions of a range, where it is one function; all that lie between two are not listed. */
function ivmdDevices({ device, last }: Readonly<Record<string, string>>): Sbdf[] {
  const sbdf = device !== undefined && device === last ? parseSbdf(device) : null;
  return sbdf === null ? [] : [sbdf];
}

/**
 * Whether a line names a region in a kernel's words, so that it was damaged where it means nothing. `RMRR address ...`
 * begins a structure as EDK II prints it, where the region itself follows.
 */
const namesRegion = (line: string): boolean =>
  (line.includes('RMRR') &&
    /DMAR|VT-[Dd]|IOMMU|\(XEN\)|RMRR (?:base|region|address(?! \.{3}))/.test(line)) ||
  /identity map (?:for|\[)|endpoint: [0-9a-f]{4}/.test(line);

/** Reads what programs printed of their machine, lines and listings; null where a text has nothing that is known. */
export function readLog(text: Text): Log | null {
  const listed: Listed = { facts: new FactCollector(), regions: [], units: [] };
  for (const listing of LISTINGS) listing(text, listed);
  const reader = new LogReader();
  const { lines, numbers } = text;
  let at = 0;
  const upTo = (number: number) => {
    for (; at < lines.length && (numbers[at] as number) < number; at++) {
      const line = lines[at] as string;
      if (namesRegion(line)) reader.unreadable(numbers[at] as number, line.trim());
    }
  };
  for (const sighting of searchText(text)) {
    upTo(sighting.number);
    while (numbers[at] === sighting.number) at++;
    reader.take(sighting);
  }
  upTo(Number.POSITIVE_INFINITY);
  return reader.finish(listed);
}
