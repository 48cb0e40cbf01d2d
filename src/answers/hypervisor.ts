import { decodeTable, tableOfBytes } from '../acpi/tables.js';
import type { Shape } from '../base/arguments.js';
import { EXIT, Failure } from '../base/failure.js';
import { type LogSource, type Source, sourceName, WHOSE } from '../evidence/source.js';
import type { Host } from '../machine/host.js';
import { countEntries } from '../xen/amd/reserved-device-memory.js';
import { bootXen, type Xen } from '../xen/boot.js';
import { LONGEST_OPTION, parseCmdline } from '../xen/cmdline.js';
import { machineOf, UNKNOWN_MACHINE } from '../xen/machine.js';
import type { RdmMapResult } from '../xen/rdm-map.js';
import { newestRelease, type Release, releaseOfHost, requireReleases } from '../xen/releases.js';
import { tableOfRegions, withoutTable } from '../xen/vtd/logged-regions.js';
import { bytesToJudge, lossNotes, missingFrom } from './completeness.js';
import type { Evidence } from './evidence.js';
import { testimonyNotes } from './testimony.js';

/** Options of the questions that are put to the modelled hypervisor. */
export interface XenOptions {
  /** `rfc-v7`, a release with or without its point, a range or a list, of which the newest answers; left out: the host's, else the newest. */
  readonly xen?: string | undefined;
  /** false: the IOMMU is off. */
  readonly iommu?: boolean | undefined;
  /** Xen's own options that change the answer: `iommu=…`, `rmrr=…`, `ivmd=…`, `ivrs_ioapic[…]=…`, `x2apic=…`. */
  readonly xenCmdline?: string | undefined;
}

/** What they must be. */
export const XEN_OPTIONS: Shape<XenOptions> = { xen: 'text?', iommu: 'flag?', xenCmdline: 'text?' };

/** The hypervisor that the options describe, booted with what the evidence holds. */
export interface Hypervisor {
  readonly xen: Xen;
  readonly iommu: 'on' | 'off';
  /** The facts that went into it; null where nothing of the machine did. */
  readonly host: Host | null;
  /** What a person should know of the source and of the choice of the release. */
  readonly notes: readonly string[];
  /** Takes out of the hypercall's answer what the source did not tell. */
  readonly clean: (result: RdmMapResult) => RdmMapResult;
}

/**
 * Boots the hypervisor that the options, or else the host, name: with the table, or with one that stands
 * for the regions of a kernel's log.
 *
 * @throws Failure `unknown-release` for a release there is none of
 */
export function bootHypervisor(evidence: Evidence, options: XenOptions): Hypervisor {
  const { source } = evidence;
  const host = hostFor(evidence);
  if (source.kind === 'table') {
    const missing = missingFrom(source);
    // What was cut off is no fault of the table, so the hypervisor is given what is whole of it.
    const bytes = bytesToJudge(source);
    const { xen, iommu, notes } = boot(bytes, host, options);
    return {
      xen,
      iommu,
      host,
      notes: [
        ...lossNotes(source),
        ...source.notes,
        ...(source.log === null ? [] : testimonyNotes(source.log)),
        ...notes,
      ],
      clean: (result) => (missing === null ? result : { ...result, diagnostics: [] }),
    };
  }
  const { regions, log } = source;
  const { xenCmdline } = log.facts;
  const { xen, iommu, notes } = boot(tableOfRegions(regions), host, {
    ...options,
    xenCmdline: options.xenCmdline ?? xenCmdline ?? undefined,
  });
  return {
    xen,
    iommu,
    host,
    notes: [
      explainLog(source),
      ...lossNotes(source),
      ...vtdNotes(source, xen),
      ...testimonyNotes(log),
      ...source.notes,
      ...notes,
    ],
    clean: (result) => withoutTable(result, regions),
  };
}

/** Most entries of Xen's answer that are listed: with what is made of them they fit a heap of 2 GiB. */
const MAX_ENTRIES = 2 ** 20;

/**
 * Refuses a table for which Xen's answer is longer than all that anybody could do with it: of an IVRS table of a few
 * kilobytes it can have millions of entries.
 *
 * @throws Failure `too-many-entries`
 */
export function requireListable({ source }: Evidence, { amd, iommu_enabled }: Xen): void {
  const count = amd === null || !iommu_enabled ? 0 : countEntries(amd);
  if (count <= MAX_ENTRIES) return;
  throw new Failure(
    'too-many-entries',
    `${source.path}: Xen's answer has ${count} entries; dmar lists ${MAX_ENTRIES} at most.`,
    'A region for a range of devices has one for each of them.',
  );
}

/**
 * What is known of the machine that goes with the source. Of a log it is what that shows; the functions only where
 * that is all of them, and each region's devices are known.
 */
function hostFor({ source, host }: Evidence): Host | null {
  if (source.kind === 'table' || host === null) return host;
  const isKnown = source.log.facts.functionsWhole || source.hostTree !== null;
  const allNamed = source.regions.every(({ devices }) => devices !== null);
  return isKnown && allNamed ? host : { ...host, pci: null };
}

/** What the log itself says of VT-d, and where the modelled hypervisor comes to something else. */
function vtdNotes({ log }: LogSource, xen: Xen): string[] {
  const notes: string[] = [];
  const { vtd } = log;
  if (vtd !== null) {
    const model = xen.iommu_enabled && xen.outcome === 'ok';
    const said = `Line ${vtd.line} says that VT-d is ${vtd.on ? 'on' : 'off'}`;
    notes.push(
      model === vtd.on
        ? `${said}.`
        : `${said}. What the log shows would have it ${model ? 'on' : 'off'} under Xen ${xen.release.name}: the regions below are what that Xen would report.`,
    );
  }
  return notes;
}

/**
 * What becomes of VT-d: what a log testifies, unless another Xen is asked for; else what the modelled hypervisor
 * makes of the evidence, where that is enough to tell.
 */
export function vtdOf(
  { source, host }: Evidence,
  { xen }: Pick<Hypervisor, 'xen'>,
  options: XenOptions,
): 'enabled' | 'disabled' | 'unknown' {
  const on = xen.iommu_enabled && xen.outcome === 'ok';
  const model = on ? 'enabled' : 'disabled';
  if (source.kind === 'table') return missingFrom(source) === null ? model : 'unknown';
  const isAsked = [options.xen, options.xenCmdline].some((option) => option !== undefined);
  const { vtd } = source.log;
  if (vtd !== null && !isAsked && options.iommu !== false) return vtd.on ? 'enabled' : 'disabled';
  // Regions that exclude each other turn it off on any machine; that it is on takes the machine's memory map.
  const isKnown = !on || (host?.memoryMap != null && source.units.length > 0);
  return isKnown && missingFrom(source) === null ? model : 'unknown';
}

function boot(bytes: Uint8Array, host: Host | null, options: XenOptions) {
  const { release, notes } = chooseRelease(options.xen, host);
  const text = options.xenCmdline ?? '';
  const cmdline = parseCmdline(text, release);
  if (options.iommu === false) cmdline.iommu.enable = false;
  const machine = host === null ? UNKNOWN_MACHINE : machineOf(host, release);
  const isAmd = tableOfBytes(bytes) === 'IVRS';
  if (text !== '') notes.push(...optionNotes(text, release, isAmd));
  if (isAmd && release.amdReports) notes.push(...amdAssumptions(bytes, host));
  if (text !== '') notes.push(...lengthNotes(text));
  const iommu: 'on' | 'off' = cmdline.iommu.enable ? 'on' : 'off';
  const tables = isAmd ? { ivrs: bytes } : { dmar: bytes };
  return { xen: bootXen(tables, machine, release, cmdline), iommu, notes };
}

/** What is to be said of options that this release, or this machine, makes nothing of. */
function optionNotes(text: string, release: Release, isAmd: boolean): string[] {
  const has = (option: string) => ` ${text}`.includes(` ${option}`);
  const notes: string[] = [];
  if (has('rmrr=')) {
    if (isAmd) notes.push('On AMD machines Xen makes nothing of rmrr=; its counterpart is ivmd=.');
    else if (release.rmrrOption === null) {
      notes.push(`Xen ${release.name} has no rmrr= option yet; it came with 4.9.`);
    }
  }
  if (has('ivmd=')) {
    if (!isAmd) notes.push('Xen makes nothing of ivmd= but on AMD machines; here it is rmrr=.');
    else if (!release.amdReports) {
      notes.push(`Xen ${release.name} has no ivmd= option yet; it came with 4.16.`);
    }
  }
  return notes;
}

/** What is to be said of an option that is longer than Xen has room for. */
function lengthNotes(text: string): string[] {
  const long = text.split(' ').find((option) => option.length > LONGEST_OPTION);
  return long === undefined
    ? []
    : [
        `On its own command line Xen reads only ${LONGEST_OPTION} characters of an option, up to "…${long.slice(LONGEST_OPTION - 16, LONGEST_OPTION)}"; here all of it is read. A second rmrr= has room for more regions.`,
      ];
}

/** What an answer about an IVRS table takes for granted of the machine, where it is not known. */
function amdAssumptions(bytes: Uint8Array, host: Host | null): string[] {
  const { table } = decodeTable(bytes, 'IVRS');
  const hasRegions = table?.structures.some(({ name }) => name === 'IVMD') ?? false;
  const assumed = [
    ...(host?.pci == null ? ['the IOMMUs are there, and no function beyond those listed'] : []),
    ...(hasRegions && host?.memoryMap == null ? ['the regions lie in reserved memory'] : []),
    ...(host?.ioApics == null ? ['the I/O APICs are those that the table lists'] : []),
    ...(host?.cpuFlags == null ? ['the processor has no x2APIC'] : []),
  ];
  if (assumed.length === 0) return [];
  const last = assumed.pop();
  const list = assumed.length === 0 ? last : `${assumed.join('; that ')}; and that ${last}`;
  return [
    `Not known of the machine, so it is assumed that ${list} (--root names a captured host).`,
  ];
}

/**
 * Of the releases that the options name those with which VT-d, or AMD's IOMMU, is off on a machine.
 *
 * @returns oldest first; null where the options name one release or none
 */
export function refusedBy(evidence: Evidence, options: XenOptions): string[] | null {
  const releases = options.xen === undefined ? [] : requireReleases(options.xen);
  if (releases.length < 2) return null;
  // Releases that behave alike need be tried only once.
  const tried = new Map<string, boolean>();
  return releases.flatMap(({ name, ...behaviour }) => {
    const key = JSON.stringify(behaviour);
    const refused = tried.get(key) ?? isRefused(evidence, { ...options, xen: name });
    tried.set(key, refused);
    return refused ? [name] : [];
  });
}

function isRefused(evidence: Evidence, options: XenOptions): boolean {
  const { xen, iommu } = bootHypervisor(evidence, options);
  return iommu === 'on' && !(xen.iommu_enabled && xen.outcome === 'ok');
}

function chooseRelease(
  name: string | undefined,
  host: Host | null,
): { release: Release; notes: string[] } {
  if (name !== undefined) return { release: requireReleases(name).at(-1) as Release, notes: [] };
  if (host?.xen == null) return { release: newestRelease(), notes: [] };
  const running = releaseOfHost(host.xen);
  if (running === null) {
    const release = newestRelease();
    const note = `Host reports Xen "${host.xen}", which is not a known release; using ${release.name}.`;
    return { release, notes: [note] };
  }
  const { release, exact } = running;
  return {
    release,
    notes: exact
      ? []
      : [`Host runs Xen ${host.xen}, which is not a known release; using ${release.name}.`],
  };
}

/**
 * Makes sure that it is known which device uses which region.
 *
 * @throws Failure `devices-unknown` where a log does not say
 */
export function requireDevices(source: Source): void {
  if (source.kind === 'table' || source.regions.every(({ devices }) => devices !== null)) return;
  throw new Failure(
    'devices-unknown',
    `${sourceName(source.path)} is a log that does not say which device uses which region, so nothing can be said of one device.`,
    'Without a device, all regions of the log are taken.',
    EXIT.usage,
  );
}

function explainLog({ kind, regions }: LogSource): string {
  const devices = regions.every((region) => region.devices !== null)
    ? ''
    : ' Devices that it does not name are assumed present.';
  return `This is ${WHOSE[kind]}, not the table: only the regions it lists are known.${devices}`;
}
