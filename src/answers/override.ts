import { decodeTable, type Table } from '../acpi/tables.js';
import { EXIT, Failure } from '../base/failure.js';
import { hex } from '../base/hex.js';
import { formatSbdf, keyOf, type Sbdf } from '../base/sbdf.js';
import { requireTable, type TableSource } from '../evidence/source.js';
import type { Host } from '../machine/host.js';
import type { PciNames } from '../machine/pci-names.js';
import { PCI_CLASS } from '../machine/pci-topology.js';
import { type Candidate, candidatesOf } from '../regions/candidate.js';
import {
  type EditedTable,
  type Edits,
  HIGHEST_REVISION,
  loadableTable,
  type NewRegion,
  type TableEdit,
} from '../regions/edit.js';
import { editTable } from '../regions/edit-table.js';
import { regionsOf } from '../regions/of-table.js';
import { answerDevices, type DeviceReport, type DevicesAnswer } from './devices.js';
import { answerDiff, type DiffAnswer } from './diff.js';
import type { Evidence } from './evidence.js';
import type { XenOptions } from './hypervisor.js';
import type { LinuxOptions } from './kernel.js';

/** What is to be changed, and who judges what comes of it. */
export interface OverrideOptions extends Pick<Edits, 'fix'>, XenOptions, LinuxOptions {
  /** Devices to take out of every region. */
  readonly dropDevice?: readonly Sbdf[] | undefined;
  /** Regions to leave out, each named by any address in it. */
  readonly dropRegion?: readonly bigint[] | undefined;
  readonly addRmrr?: readonly NewRegion[] | undefined;
  /** Whether to take all devices but USB controllers out of the regions; it takes a known machine. */
  readonly keepOnlyUsb?: boolean | undefined;
  /** Whether what changes what the table says of the memory is agreed to: overlapping regions become one. */
  readonly yes?: boolean | undefined;
}

/** A device that is judged otherwise with the new table, or was taken out of a region. */
export interface DeviceOutcome {
  readonly before: DeviceReport;
  /** null where the machine is unknown and no region of the new table names it. */
  readonly after: DeviceReport | null;
  /** Whether a region that Linux believes in use no longer touches it. */
  readonly freed: boolean;
}

/** What may go wrong, or keeps the table from being taken; sentences are made where it is shown. */
export type OverrideRisk =
  /** The device may go on using the memory; `witness`: the running kernel keeps it mapped for the device. */
  | { readonly code: 'still-used'; readonly devices: readonly Sbdf[]; readonly witness: boolean }
  /** Health data of the cards for the management processor, on machines of HPE's. */
  | { readonly code: 'shared-with-management' }
  /** Keyboards before the operating system's driver. */
  | { readonly code: 'usb-legacy'; readonly devices: readonly Sbdf[] }
  /** The picture before the operating system's driver. */
  | { readonly code: 'graphics'; readonly devices: readonly Sbdf[] }
  /** Regions overlap still; Xen refuses such a table. */
  | { readonly code: 'overlaps' }
  /** No higher OEM revision is left, so Linux takes no other table. */
  | { readonly code: 'highest-revision' }
  | { readonly code: 'locked-down'; readonly mode: string }
  | { readonly code: 'no-table-upgrade' }
  /** The host runs Xen, to which an initial RAM disk says nothing. */
  | { readonly code: 'xen-host' };

/** A table without what stands in the way, and what comes of it. */
export interface OverrideAnswer {
  readonly source: TableSource;
  /** The table to load. */
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly edits: readonly TableEdit[];
  readonly outcomes: readonly DeviceOutcome[];
  /** Whether somebody has to agree: a region that Linux believes in use goes. */
  readonly needsConsent: boolean;
  readonly risks: readonly OverrideRisk[];
  readonly diff: DiffAnswer;
  readonly judges: DevicesAnswer['judges'];
  readonly hostRoot: string | null;
  readonly names: PciNames | null;
  readonly notes: readonly string[];
}

/**
 * A table that says what the firmware's says but for some changes, ready to be loaded in its place.
 *
 * @param sha256 SHA-256 of bytes, in hex
 * @throws Failure `no-table`, `incomplete` for a table that was cut off, and as a matter of usage `nothing-to-change`,
 *   `no-such-region`, `no-such-device`, `machine-unknown`
 */
export function answerOverride(
  evidence: Evidence,
  options: OverrideOptions,
  sha256: (bytes: Uint8Array) => string,
): OverrideAnswer {
  const source = requireTable(evidence.source);
  const { host } = evidence;
  const { header, bytes, edits, overlaps } = editedTable(source, host, options);
  const now: Evidence = {
    source: { ...source, path: 'new table', bytes, sha256: sha256(bytes), notes: [] },
    host,
    own: false,
  };
  // First, so that what it judges devices by is gone before they are judged again.
  const diff = answerDiff(evidence, now, options);
  const before = answerDevices(evidence, { ...options, all: true, devices: [] });
  const after = answerDevices(now, { ...options, all: true, devices: [] });
  const outcomes = outcomesOf(before, after);
  return {
    source,
    bytes,
    sha256: sha256(bytes),
    edits,
    outcomes,
    needsConsent: outcomes.some(({ freed }) => freed),
    risks: [
      ...risksOf(outcomes, header, overlaps),
      ...hostRisks(host, header.oemRevision, evidence.own ?? true),
    ],
    diff,
    judges: before.judges,
    hostRoot: before.hostRoot,
    names: before.names,
    notes: before.notes,
  };
}

/** A table that was changed as it was asked for. */
interface MadeTable extends Pick<EditedTable, 'edits' | 'overlaps'> {
  /** Of the table before. */
  readonly header: Table['header'];
  readonly bytes: Uint8Array;
}

function editedTable(source: TableSource, host: Host | null, options: OverrideOptions): MadeTable {
  const old = wholeTable(source, options.fix ?? false);
  const dropDevices = [...(options.dropDevice ?? []), ...othersThanUsb(old, host, options)];
  const join = (options.fix && options.yes) ?? false;
  const { table, edits, unmatched, overlaps } = editTable(
    old,
    {
      dropDevices,
      dropRegions: options.dropRegion,
      addRegions: options.addRmrr,
      fix: options.fix,
      join,
    },
    host?.pci ?? null,
  );
  refuseUnmatched(unmatched, source.path);
  const bytes = loadableTable(table);
  if (edits.length === 0 && !(options.fix && isMended(old, source.bytes, bytes))) {
    throw nothingToChange(options);
  }
  return { header: old.header, bytes, edits, overlaps };
}

/** The table up to the end that its header gives it: Linux takes no file of another length. */
function wholeTable({ table, bytes, path, completeness }: TableSource, fix: boolean): Table {
  const { table: decoded } = decodeTable(bytes, table);
  if (decoded === null) throw new Failure('no-table', `${path} ends inside the table's header.`);
  const { length } = decoded.header;
  if (completeness !== 'whole' || (bytes.length < length && !fix)) {
    throw new Failure(
      'incomplete',
      completeness !== 'whole'
        ? `${path} has not the whole table in it.`
        : `${path} ends after ${bytes.length} of the ${length} bytes that the table's header claims.`,
      completeness !== 'whole'
        ? 'A table can only be made of a whole one: read it from /sys/firmware/acpi/tables/DMAR.'
        : 'Read the whole table; where the firmware itself is wrong about the length, --fix corrects it.',
    );
  }
  if (bytes.length <= length) return decoded;
  return decodeTable(bytes.subarray(0, length), table).table ?? decoded;
}

/** Whether anything beyond the revision and the checksum that follows from it was put right. */
function isMended({ header }: Table, old: Uint8Array, now: Uint8Array): boolean {
  const sum = old.subarray(0, header.length).reduce((all, byte) => (all + byte) & 0xff, 0);
  return sum !== 0 || now.length !== header.length;
}

function othersThanUsb(
  table: Table,
  host: Host | null,
  { keepOnlyUsb = false }: OverrideOptions,
): Sbdf[] {
  if (!keepOnlyUsb) return [];
  if (host?.pci == null) {
    throw new Failure(
      'machine-unknown',
      'Which devices are USB controllers depends on the machine, and nothing is known of it.',
      'Run this on the machine itself, or give a capture of it with --root.',
      EXIT.usage,
    );
  }
  return candidatesOf(host, regionsOf(table, host.pci))
    .filter(({ uses, classCode }) => uses.length > 0 && (classCode ?? 0) >> 8 !== PCI_CLASS.usb)
    .map(({ address }) => address);
}

function refuseUnmatched(
  { regions, devices }: { regions: readonly bigint[]; devices: readonly Sbdf[] },
  path: string,
): void {
  const [region] = regions;
  if (region !== undefined) {
    throw new Failure(
      'no-such-region',
      `${path}: no region holds the address ${hex(region)}.`,
      'dmar map lists the regions.',
      EXIT.usage,
    );
  }
  const [device] = devices;
  if (device !== undefined) {
    throw new Failure(
      'no-such-device',
      `${path}: no region touches ${formatSbdf(device)}, as far as this machine is known.`,
      'dmar devices lists the devices with regions; --root tells which buses lie behind bridges.',
      EXIT.usage,
    );
  }
}

const nothingToChange = ({ fix }: OverrideOptions): Failure =>
  new Failure(
    'nothing-to-change',
    fix ? 'There is nothing to mend in this table.' : 'No change was asked for.',
    'Changes: --drop-region, --drop-device, --keep-only-usb, --add-rmrr, --fix.',
    EXIT.usage,
  );

function outcomesOf(before: DevicesAnswer, after: DevicesAnswer): DeviceOutcome[] {
  const reports = new Map(after.reports.map((report) => [keyOf(report.candidate.address), report]));
  return before.reports.flatMap((old) => {
    const now = reports.get(keyOf(old.candidate.address)) ?? null;
    const [had, has] = [old, now].map((report) => spans(report?.candidate)) as [string[], string[]];
    const kept = new Set(has);
    const freed = had.some((span) => !kept.has(span)) && old.restriction?.kind !== 'relaxable';
    const differs = verdictsOf(old) !== verdictsOf(now) || had.join() !== has.join();
    return differs ? [{ before: old, after: now, freed }] : [];
  });
}

const spans = (candidate: Candidate | undefined): string[] =>
  (candidate?.uses ?? []).map(({ region: { base, limit } }) => `${base}-${limit}`);

const verdictsOf = (report: DeviceReport | null): string =>
  report === null
    ? ''
    : [report.linux.verdict, report.linux.reason, report.xen.strict, report.xen.relaxed].join();

/** OEM ids of HPE's and, before, HP's firmware. */
const HPE_FIRMWARE = /^(HPE?\s*$|HPQOEM|CPQ)/;

function risksOf(
  outcomes: readonly DeviceOutcome[],
  header: Table['header'],
  overlaps: boolean,
): OverrideRisk[] {
  const lost = outcomes.filter(
    ({ before, after }) => spans(before.candidate).length > spans(after?.candidate).length,
  );
  const freed = lost.filter((outcome) => outcome.freed).map(({ before }) => before.candidate);
  const ofClass = (matches: (classCode: number) => boolean): Sbdf[] =>
    lost
      .map(({ before }) => before.candidate)
      .filter(({ classCode }) => classCode !== null && matches(classCode))
      .map(({ address }) => address);
  const usb = ofClass((classCode) => classCode >> 8 === PCI_CLASS.usb);
  const display = ofClass((classCode) => classCode >> 16 === PCI_CLASS.display);
  const risks: OverrideRisk[] = [];
  if (freed.length > 0) {
    const devices = freed.map(({ address }) => address);
    risks.push({ code: 'still-used', devices, witness: freed.some(isMappedNow) });
  }
  if (freed.length > 0 && HPE_FIRMWARE.test(header.oemId)) {
    risks.push({ code: 'shared-with-management' });
  }
  if (usb.length > 0) risks.push({ code: 'usb-legacy', devices: usb });
  if (display.length > 0) risks.push({ code: 'graphics', devices: display });
  if (overlaps) risks.push({ code: 'overlaps' });
  return risks;
}

/** Whether the running kernel keeps a region of the device's mapped for its group. */
const isMappedNow = ({ group, uses }: Candidate): boolean =>
  (group?.reservedRegions ?? []).some(
    ({ type, start, end }) =>
      type === 'direct' && uses.some(({ region }) => region.base <= end && start <= region.limit),
  );

function hostRisks(host: Host | null, oemRevision: number, own: boolean): OverrideRisk[] {
  const risks: OverrideRisk[] = [];
  if (oemRevision >= HIGHEST_REVISION) risks.push({ code: 'highest-revision' });
  if (host === null || !own) return risks;
  const { lockdown, takesTables, xen } = host;
  if (xen !== null) risks.push({ code: 'xen-host' });
  if (lockdown !== null && lockdown !== 'none') risks.push({ code: 'locked-down', mode: lockdown });
  if (takesTables === false) risks.push({ code: 'no-table-upgrade' });
  return risks;
}
