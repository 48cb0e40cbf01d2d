import { decodeTable } from '../acpi/tables.js';
import { PAGE_SIZE } from '../base/address.js';
import { requireObject } from '../base/arguments.js';
import { type Sbdf, sameSbdf } from '../base/sbdf.js';
import { closestLine } from '../evidence/logs/closest.js';
import type { AnnouncedTable, Facts, Log, LogRegion, Sighting } from '../evidence/logs/log.js';
import { readLog } from '../evidence/logs/read.js';
import { mend } from '../evidence/text.js';
import { type FaultKind, faultKind } from '../linux/fault-reasons.js';
import { E820, type Host, type MemoryRange } from '../machine/host.js';
import { DmarRegions } from '../regions/of-dmar.js';
import type { ReservedRegion } from '../regions/region.js';
import { type Evidence, requireEvidence } from './evidence.js';
import { type Problem, type Remedy, remediesFor, type Situation } from './remedies.js';

/** What is known when lines are explained, beside the lines. */
export interface Background {
  /** Every region that a table or log of the machine names. */
  readonly regions: readonly ReservedRegion[];
  /** The firmware's memory map by address; null where it is not known. */
  readonly memoryMap: readonly MemoryRange[] | null;
  /** Maker and model; null where they are not known. */
  readonly machine: string | null;
  readonly linux: string | null;
  readonly xen: string | null;
  /** Whether the machine has an AMD IOMMU. */
  readonly amd: boolean;
  /** A table that a log announces; null for none. */
  readonly announced: AnnouncedTable | null;
}

/** A line, and the source it stands in. */
export interface SightedLine {
  readonly source: string;
  readonly sighting: Sighting;
}

/** What the memory map says of a region or page. */
export type Memory = 'usable' | 'reserved' | 'elsewhere' | 'unknown';

/** What a line means here, beyond what it means everywhere. */
export type Finding =
  /** Nothing beyond the meaning of the line. */
  | { readonly code: 'general' }
  /** A device was refused; its regions are those of the explanation. */
  | { readonly code: 'refused'; readonly device: Sbdf | null }
  /** A request for an address in a region that names the device: the map is missing all the same. */
  | { readonly code: 'fault-in-own-region'; readonly kind: FaultKind }
  /** A request for an address in a region that names others, or none that are known. */
  | { readonly code: 'fault-in-foreign-region'; readonly kind: FaultKind }
  /** A request for an address in no region that is known. */
  | {
      readonly code: 'fault-outside-regions';
      readonly kind: FaultKind;
      readonly memory: Memory;
      /** Whether any region names the device. */
      readonly named: boolean;
      /** Functions of the same slot that regions name. */
      readonly siblings: readonly Sbdf[];
    }
  /** A request for an address while no region of the machine is known. */
  | { readonly code: 'fault-without-regions'; readonly kind: FaultKind; readonly memory: Memory }
  /** An interrupt was refused, or the tables of the unit are wrong. */
  | { readonly code: 'fault-of-another-kind'; readonly kind: FaultKind }
  /** The kernel complains of a region, and this is what the memory map has there. */
  | { readonly code: 'region-against-map'; readonly memory: Memory };

/** A line explained. */
export interface Explanation extends SightedLine {
  readonly problem: Problem | null;
  readonly finding: Finding;
  /** Regions that the line is about. */
  readonly regions: readonly ReservedRegion[];
  /** What can be done, the way that is tried first in front. */
  readonly remedies: readonly Remedy[];
}

/** The answer to `explain`. */
export interface ExplainAnswer {
  readonly explanations: readonly Explanation[];
  /** Lines asked for that no program is known to print. */
  readonly unknown: readonly { readonly source: string; readonly text: string }[];
  readonly background: Background;
}

/** What a line of a code needs, beside its meaning. */
type Explain = (
  line: SightedLine,
  background: Background,
) => { problem: Problem | null; finding: Finding; regions: readonly ReservedRegion[] };

const GENERAL: Finding = { code: 'general' };

const plain =
  (problem: Problem | null): Explain =>
  ({ sighting }, background) => ({
    problem,
    finding: GENERAL,
    regions: regionsOf(sighting, background),
  });

/** A region's bytes touch a range; both ends of the region inclusive, the range's end exclusive. */
const touches = (base: bigint, limit: bigint, { start, end }: MemoryRange): boolean =>
  base < end && start <= limit;

/** What the memory map says of bytes, first to last inclusive. */
function memoryAt(base: bigint, limit: bigint, memoryMap: readonly MemoryRange[] | null): Memory {
  if (memoryMap === null || memoryMap.length === 0) return 'unknown';
  const there = memoryMap.filter((range) => touches(base, limit, range));
  if (there.some(({ type }) => type === E820.ram)) return 'usable';
  const reserved = there.some(({ type }) => type === E820.reserved || type === E820.nvs);
  return reserved ? 'reserved' : 'elsewhere';
}

const names = ({ devices }: ReservedRegion, device: Sbdf): boolean =>
  devices?.some((named) => sameSbdf(named, device)) ?? false;

/** The regions that a line names by an address, else those of its device. */
function regionsOf(
  { base, limit, device }: Sighting,
  { regions }: Background,
): readonly ReservedRegion[] {
  if (base !== null) {
    const last = limit ?? base;
    return regions.filter((region) => region.base <= last && base <= region.limit);
  }
  return device === null ? [] : regions.filter((region) => names(region, device));
}

const refused: Explain = ({ sighting }, background) => ({
  problem: background.amd ? 'unity-region' : 'binding-region',
  finding: { code: 'refused', device: sighting.device },
  regions: regionsOf(sighting, background),
});

const badRegion: Explain = ({ sighting }, background) => {
  const { base, limit } = sighting;
  const memory = base === null ? 'unknown' : memoryAt(base, limit ?? base, background.memoryMap);
  return {
    problem: memory === 'usable' ? 'region-in-ram' : null,
    finding: { code: 'region-against-map', memory },
    regions: regionsOf(sighting, background),
  };
};

const fault: Explain = ({ sighting }, background) => {
  const { device, address, reason } = sighting;
  const kind = faultKind(reason);
  if (kind === 'interrupt' || kind === 'other' || address === null) {
    const problem = kind === 'interrupt' ? 'interrupt-fault' : null;
    return { problem, finding: { code: 'fault-of-another-kind', kind }, regions: [] };
  }
  const memory = memoryAt(address, address, background.memoryMap);
  // RAM that the kernel gives away is what drivers use: an access there is theirs, and no region's.
  const problem = memory === 'usable' ? 'stray-access' : 'missing-region';
  if (background.regions.length === 0) {
    return { problem, finding: { code: 'fault-without-regions', kind, memory }, regions: [] };
  }
  const around = background.regions.filter(
    ({ base, limit }) => base <= address && address <= limit,
  );
  if (around.length > 0) {
    const own = device !== null && around.some((region) => names(region, device));
    const code = own ? 'fault-in-own-region' : 'fault-in-foreign-region';
    return {
      problem: own ? null : 'missing-region',
      finding: { code, kind },
      regions: around,
    };
  }
  const ofDevice =
    device === null ? [] : background.regions.filter((region) => names(region, device));
  return {
    problem,
    finding: {
      code: 'fault-outside-regions',
      kind,
      memory,
      named: ofDevice.length > 0,
      siblings:
        ofDevice.length > 0 || device === null ? [] : siblingsOf(device, background.regions),
    },
    regions: ofDevice,
  };
};

/** Functions of a device's slot that regions name, each once. */
function siblingsOf(device: Sbdf, regions: readonly ReservedRegion[]): Sbdf[] {
  const found: Sbdf[] = [];
  for (const sibling of regions.flatMap(({ devices }) => devices ?? [])) {
    const sameSlot = sameSbdf({ ...sibling, func: device.func }, device);
    if (sameSlot && !found.some((known) => sameSbdf(known, sibling))) found.push(sibling);
  }
  return found.sort((a, b) => a.func - b.func);
}

/** What lines call for an explanation, by their code; all others are facts that explanations draw on. */
const EXPLAINED: Readonly<Record<string, Explain>> = {
  'refused-rmrr': refused,
  'refused-direct': refused,
  'container-refused': refused,
  'iommufd-refused': refused,
  'map-refused': plain('guest-collides'),
  'group-not-viable': plain('group-not-viable'),
  'group-in-use': plain('group-not-viable'),
  'no-iommu': plain('no-iommu'),
  'no-interrupt-remapping': plain('no-interrupt-remapping'),
  'ioapic-not-in-ivrs': plain('no-interrupt-remapping'),
  'bad-rmrr-uncovered': badRegion,
  'bad-rmrr': badRegion,
  'rmrr-not-reserved': badRegion,
  'rmrr-not-reserved-pages': badRegion,
  'xen-ivmd-not-reserved': badRegion,
  'rmrr-not-convertible': plain('region-in-ram'),
  'rmrr-backwards': plain('table-refused'),
  'rmrr-too-wide': plain('table-refused'),
  'rmrr-incorrect': plain('table-refused'),
  'rmrr-overlap': plain('table-refused'),
  'rmrr-ignored': plain(null),
  'rmrr-device-absent': plain(null),
  'scope-workaround': plain(null),
  'scope-absent': plain(null),
  'rhsa-no-unit': plain(null),
  'unit-dead': plain('table-refused'),
  'table-refused': plain('table-refused'),
  'xen-refused': plain('table-refused'),
  'iommu-off': plain('no-iommu'),
  'iommu-declined': plain('no-iommu'),
  'iommu-asked-for': plain(null),
  'iommu-forced': plain(null),
  'amd-off': plain('no-iommu'),
  'xen-off': plain('no-iommu'),
  'identity-map-failed': plain('guest-collides'),
  'graphics-off': plain(null),
  'relaxed-all': plain(null),
  'unknown-option': plain('unknown-option'),
  'table-replaced': plain(null),
  'xen-shared': plain('shared-region'),
  'xen-risky': plain(null),
  'xen-unmappable': plain('guest-collides'),
  'xl-not-permitted': plain('shared-region'),
  'xl-busy': plain('guest-collides'),
  'xl-not-assignable': plain(null),
  'rdm-conflict': plain('guest-collides'),
  'rdm-conflict-ignored': plain(null),
  'rdm-unknown': plain(null),
  fault,
  'xen-fault': fault,
  'amd-fault': fault,
  'xen-amd-fault': fault,
  'interrupt-fault': plain('interrupt-fault'),
};

/** Problems that only Xen has, whatever the log is one of. */
const OF_XEN: ReadonlySet<Problem> = new Set(['shared-region']);

/** The bytes of the page that a fault names, or of the region that a line does. */
function placeOf({ address, base, limit }: Sighting): Situation['region'] {
  if (address !== null) {
    const page = address - (address % PAGE_SIZE);
    return { base: page, limit: page + PAGE_SIZE - 1n };
  }
  return base === null ? null : { base, limit: limit ?? base };
}

/**
 * Says of each line that calls for it what it means on this machine and what to do.
 *
 * @param lines all lines that are known to be printed by Linux, Xen or a toolstack
 * @param unknown lines that somebody asked about and nobody is known to print
 * @param all whether facts, which explain nothing by themselves, are explained too: where somebody asked about the line
 */
function explainLines(
  lines: readonly (SightedLine & { readonly asked: boolean })[],
  unknown: ExplainAnswer['unknown'],
  background: Background,
): ExplainAnswer {
  const explanations = lines.flatMap(({ asked, ...line }): Explanation[] => {
    const explain = EXPLAINED[line.sighting.line.code] ?? (asked ? plain(null) : undefined);
    if (explain === undefined) return [];
    const { problem, finding, regions } = explain(line, background);
    const { sighting } = line;
    const xen = sighting.speaker === 'Xen' || (problem !== null && OF_XEN.has(problem));
    const situation: Situation = {
      device: sighting.device,
      region: placeOf(sighting),
      machine: background.machine,
      linux: background.linux,
      xen: background.xen ?? (xen ? '' : null),
    };
    const remedies = problem === null ? [] : remediesFor(problem, situation);
    return [{ ...line, problem, finding, regions, remedies }];
  });
  return { explanations: once(explanations), unknown, background };
}

/** Leaves out lines that say again what an earlier one said: kernels repeat faults many times. */
function once(explanations: readonly Explanation[]): Explanation[] {
  const seen = new Set<string>();
  return explanations.filter(({ sighting }) => {
    const { line, device, address, base, text } = sighting;
    const place =
      device === null ? text : `${device.segment}:${device.bus}:${device.device}.${device.func}`;
    const key = [line.code, place, address, base].join(' ');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** A region that a text tells of, as all judges have it. */
const ofLog = ({ base, limit, devices, log, line }: LogRegion): ReservedRegion => ({
  base,
  limit,
  devices,
  origin: { log, line },
});

/** The regions that a source names, by its table where it holds one. */
function regionsIn({ source, host }: Evidence): readonly ReservedRegion[] {
  if (source.kind !== 'table') return source.regions.map(ofLog);
  const { table } = decodeTable(source.bytes);
  return table?.kind === 'DMAR' ? new DmarRegions(table, host?.pci ?? null).regions : [];
}

/** What sources together tell of their machine; of facts that several give, the first counts. */
function backgroundOf(evidence: readonly Evidence[], logs: readonly Log[]): Background {
  const first = <T>(...looks: (() => T | null | undefined)[]): T | null => {
    for (const look of looks) {
      const found = look();
      if (found !== null && found !== undefined) return found;
    }
    return null;
  };
  const hosts = evidence.flatMap(({ host }) => host ?? []);
  const fact = <T>(ofHost: (host: Host) => T | null, ofFacts: (facts: Facts) => T | null) =>
    first(
      ...hosts.map((host) => () => ofHost(host)),
      ...logs.map(
        ({ facts }) =>
          () =>
            ofFacts(facts),
      ),
    );
  const signatures = evidence.map(({ source }) => source.kind === 'table' && source.signature);
  return {
    regions: evidence.flatMap(regionsIn),
    memoryMap: fact<readonly MemoryRange[]>(
      ({ memoryMap }) => memoryMap,
      ({ memoryMap }) => memoryMap,
    ),
    machine: first(
      ...logs.map(
        ({ facts }) =>
          () =>
            facts.dmi?.name,
      ),
    ),
    linux: fact(
      ({ linux }) => linux,
      ({ linux }) => linux,
    ),
    xen: fact(
      ({ xen }) => xen,
      ({ xen }) => xen,
    ),
    announced: first(
      ...logs.map(
        ({ table }) =>
          () =>
            table,
      ),
    ),
    amd:
      signatures.includes('IVRS') ||
      logs.some(
        ({ table, sightings }) =>
          table?.signature === 'IVRS' || sightings.some(({ line }) => AMDS.test(line.code)),
      ),
  };
}

/** Codes of lines that only machines with an AMD IOMMU see. */
const AMDS = /^(amd-|xen-amd-|ivmd|xen-ivmd|table-ivrs|ioapic-not-in-ivrs)/;

/** A line that somebody asked about: what it is one of, or the closest to it that is known. */
function sightingsOf(text: string): readonly Sighting[] {
  const log = readLog(mend(text));
  if (log !== null && log.sightings.length > 0) return log.sightings;
  const closest = closestLine(text);
  return closest === null ? [] : [closest];
}

/**
 * What lines of Linux, Xen and toolstacks mean on their machine, and what to do.
 *
 * @param evidence the sources that were given; their lines are explained where they call for it
 * @param lines lines that were given by themselves; each is explained, or said to be unknown
 */
export function answerExplain(
  evidence: readonly Evidence[],
  lines: readonly string[],
): ExplainAnswer {
  requireObject({ evidence, lines }, '', { evidence: 'objects', lines: 'texts' });
  for (const [i, one] of evidence.entries()) requireEvidence(one, `evidence[${i}]`);
  const given = lines.map((text) => ({ text, sightings: sightingsOf(text) }));
  const logs = evidence.flatMap(({ source }) => source.log ?? []);
  const sighted = evidence.flatMap(({ source }) =>
    (source.log?.sightings ?? []).map((sighting) => ({
      source: source.path,
      sighting,
      asked: false,
    })),
  );
  const asked = given.flatMap(({ sightings }) =>
    sightings.map((sighting) => ({ source: '', sighting, asked: true })),
  );
  const unknown = given
    .filter(({ sightings }) => sightings.length === 0)
    .map(({ text }) => ({ source: '', text }));
  const ofLines = lines.flatMap((text) => readLog(mend(text)) ?? []);
  const background = backgroundOf(evidence, [...logs, ...ofLines]);
  const regions = [...background.regions, ...ofLines.flatMap((log) => log.regions.map(ofLog))];
  return explainLines([...asked, ...sighted], unknown, { ...background, regions });
}
