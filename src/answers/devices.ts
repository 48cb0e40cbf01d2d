import type { Diagnostic } from '../acpi/diagnostic.js';
import { decodeTable, tableOfBytes } from '../acpi/tables.js';
import { requireObject, type Shape } from '../base/arguments.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { hexDigits } from '../base/hex.js';
import { append } from '../base/lists.js';
import { formatSbdf, keyOf, type Sbdf } from '../base/sbdf.js';
import type { Source } from '../evidence/source.js';
import { LinuxAmd } from '../linux/amd.js';
import {
  bindingMembers,
  explainRestriction,
  judgeLinux,
  type LinuxCase,
  type LinuxVerdict,
  type Restriction,
  restrictionOf,
} from '../linux/judge.js';
import type { LinuxKernel } from '../linux/kernel.js';
import { disagreements } from '../linux/kernel-view.js';
import { type LinuxMachine, LinuxVtd } from '../linux/vtd.js';
import type { Host, IommuGroup } from '../machine/host.js';
import type { PciNames } from '../machine/pci-names.js';
import { type Candidate, candidatesOf } from '../regions/candidate.js';
import { SightedRegions } from '../regions/of-sightings.js';
import { regionsOf } from '../regions/of-table.js';
import type { RegionUses } from '../regions/region.js';
import { judgeXen } from '../xen/assign.js';
import type { XenVerdict } from '../xen/assign-verdict.js';
import type { Xen } from '../xen/boot.js';
import { tableOfRegions } from '../xen/vtd/logged-regions.js';
import { type Companions, companionsIn, missingOf } from './companions.js';
import { bytesToJudge, missingFrom } from './completeness.js';
import { type Evidence, requireEvidence } from './evidence.js';
import { bootHypervisor, XEN_OPTIONS, type XenOptions } from './hypervisor.js';
import { chooseKernel, LINUX_OPTIONS, type LinuxOptions } from './kernel.js';
import { type Refusals, refusalsIn, withLinuxTestimony, withXenTestimony } from './testimony.js';

/** What a PCI function is, by the numbers of its maker. */
export interface PciId {
  readonly vendorId: number;
  readonly deviceId: number;
}

/** Options of the question whether devices can be passed through. */
export interface DevicesOptions extends XenOptions, LinuxOptions {
  /** The devices asked for; left out or empty: those that a region touches, or all. */
  readonly devices?: readonly Sbdf[] | undefined;
  /** Devices of which all functions are asked for, whatever function the address names. */
  readonly slots?: readonly Sbdf[] | undefined;
  /** Devices asked for by what they are. */
  readonly ids?: readonly PciId[] | undefined;
  /** Every device of the machine. */
  readonly all?: boolean | undefined;
}

/** What they must be. */
const DEVICES_OPTIONS: Shape<DevicesOptions> = {
  ...XEN_OPTIONS,
  ...LINUX_OPTIONS,
  devices: 'objects?',
  slots: 'objects?',
  ids: 'objects?',
  all: 'flag?',
};

/** Which devices can be given to a guest, and why others cannot. */
export interface DevicesAnswer {
  readonly source: Source;
  readonly judges: Judges;
  readonly reports: readonly DeviceReport[];
  /** Whose facts went into it; null where nothing is known of the machine. */
  readonly hostRoot: string | null;
  readonly names: PciNames | null;
  readonly notes: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * May these devices be given to a guest, and if not, why, and what then?
 *
 * @throws Failure `no-table` for less than a header; `no-such-device` where the machine is known, and
 *   `unknown-release`, both a matter of usage
 */
export function answerDevices(evidence: Evidence, options: DevicesOptions = {}): DevicesAnswer {
  requireEvidence(evidence);
  requireObject(options, 'options', DEVICES_OPTIONS);
  const { host, source } = evidence;
  const { xen, notes } = bootHypervisor(evidence, options);
  const { bytes, regions, diagnostics } = regionsIn(source, host);
  const devices = [
    ...(options.devices ?? []),
    ...(options.slots ?? []).flatMap((slot) => functionsOf(slot, host)),
  ];
  const refusals = refusalsIn(source.log);
  const candidates = candidatesOf(host, regions, [...devices, ...refusals.devices]);
  requirePresent(devices, candidates, source.path);
  const chosen = ofIds(candidates, options.ids ?? [], source.path);
  const asked = new Set([...devices, ...chosen].map(keyOf));
  const { kernel, running, notes: linuxNotes } = chooseKernel(host, options);
  const named = new Set(refusals.devices.map(keyOf));
  const wanted = ({ address, uses }: Candidate) =>
    asked.size > 0
      ? asked.has(keyOf(address))
      : options.all || uses.length > 0 || named.has(keyOf(address));
  const reports = reportDevices(candidates, wanted, {
    kernel,
    running,
    xen,
    bytes,
    host,
    own: evidence.own ?? true,
    chosen: options.linux !== undefined,
  });
  return {
    source,
    judges: { kernel, running, xen },
    reports: (showsEveryRegion(source) ? reports : reports.map(withoutNone)).map(
      withTestimony(refusals),
    ),
    hostRoot: host?.root ?? null,
    names: host?.pciNames ?? null,
    notes: [
      ...notes,
      ...linuxNotes,
      ...missingFacts(host, regions),
      ...unnamedNotes(source),
      ...togetherNotes(reports, devices),
      ...(host?.notes ?? []),
    ],
    diagnostics: diagnostics.filter(({ severity }) => severity === 'error'),
  };
}

/** The functions that a machine has of a device; where it is not known, function 0. */
function functionsOf({ segment, bus, device }: Sbdf, host: Host | null): Sbdf[] {
  const there = [...(host?.pci?.functions() ?? [])].filter(
    (fn) => fn.segment === segment && fn.bus === bus && fn.device === device,
  );
  return there.length === 0
    ? [{ segment, bus, device, func: 0 }]
    : there.map(({ func }) => ({ segment, bus, device, func }));
}

/** What must be given away, or unbound, together with the devices that were asked for. */
function togetherNotes(reports: readonly DeviceReport[], asked: readonly Sbdf[]): string[] {
  if (asked.length === 0) return [];
  return reports.flatMap(({ candidate, companions }) => {
    const name = formatSbdf(candidate.address);
    const group = missingOf(companions.group, asked);
    if (group.length === 0) return [];
    return [
      `${name} goes together with the rest of its IOMMU group ${candidate.group?.id}: ${group.join(', ')}. Give them to the same guest, or unbind them from their drivers.`,
    ];
  });
}

/** The table that judges go by, and its regions; of a log one that stands for the regions it tells of. */
function regionsIn(source: Source, host: Host | null) {
  if (source.kind !== 'table') {
    const bytes = tableOfRegions(source.regions);
    return { bytes, regions: new SightedRegions(source.regions), diagnostics: [] };
  }
  const bytes = bytesToJudge(source);
  const { table, diagnostics } = decodeTable(bytes, source.table);
  if (table === null)
    throw new Failure('no-table', `${source.path} ends inside the table's header.`);
  return { bytes, regions: regionsOf(table, host?.pci ?? null), diagnostics };
}

/** Makes reports that do not contradict what the log itself says of the device. */
const withTestimony =
  (refusals: Refusals) =>
  (report: DeviceReport): DeviceReport => {
    const { address } = report.candidate;
    const linux = withLinuxTestimony(report.linux, refusals, address);
    const xen = withXenTestimony(report.xen, refusals, address);
    return linux === report.linux && xen === report.xen ? report : { ...report, linux, xen };
  };

/** Whether a device that the evidence's regions do not name is known to have none. */
export const showsEveryRegion = (source: Source): boolean =>
  missingFrom(source) === null &&
  (source.kind === 'table' || source.regions.every(({ devices }) => devices !== null));

/** A report that does not take a device without a known region for one that has none. */
function withoutNone(report: DeviceReport): DeviceReport {
  const { linux, xen } = report;
  const unknown = {
    verdict: 'unknown',
    message:
      'No region that this evidence shows names it, but the evidence does not show every region with its devices.',
    remedy: 'Run this on the machine itself, or give a capture of it with --root.',
  } as const;
  const isNone = (verdict: LinuxVerdict | XenVerdict) =>
    verdict.verdict === 'ok' && verdict.reason === 'no-region';
  return {
    ...report,
    linux: isNone(linux) ? { ...linux, ...unknown } : linux,
    xen: isNone(xen) ? { ...xen, ...unknown } : xen,
  };
}

/** That a text tells of regions and not whose they are, so that any device may have one. */
function unnamedNotes(source: Source): string[] {
  if (source.kind === 'table') return [];
  const unnamed = source.regions.filter(({ devices }) => devices === null);
  if (unnamed.length === 0) return [];
  return [
    `This text does not say which devices ${unnamed.length === 1 ? 'a region is' : `${unnamed.length} regions are`} for. The table does, and /sys/kernel/iommu_groups/*/reserved_regions says it by group.`,
  ];
}

/** The functions with these numbers; each of them has some. */
function ofIds(candidates: readonly Candidate[], ids: readonly PciId[], path: string): Sbdf[] {
  return ids.flatMap(({ vendorId, deviceId }) => {
    const found = candidates.filter(
      (one) => one.vendorId === vendorId && one.deviceId === deviceId,
    );
    if (found.length > 0) return found.map(({ address }) => address);
    throw new Failure(
      'no-such-device',
      `${path}: no device ${hexDigits(vendorId, 4)}:${hexDigits(deviceId, 4)} is known on this machine.`,
      'dmar devices --all --json lists every device with its numbers.',
      EXIT.usage,
    );
  });
}

function requirePresent(
  devices: readonly Sbdf[],
  candidates: readonly Candidate[],
  path: string,
): void {
  const there = new Set(candidates.map(({ address }) => keyOf(address)));
  const missing = devices.find((device) => !there.has(keyOf(device)));
  if (missing === undefined) return;
  throw new Failure(
    'no-such-device',
    `${path}: there is no device ${formatSbdf(missing)} on this machine.`,
    'dmar devices --all lists every device there is.',
    EXIT.usage,
  );
}

/**
 * The exit status of an answer to which devices were asked for: no where one is blocked, not known where that
 * is so of one.
 *
 * @param asked whether devices were asked for; a list of all that there is never fails
 */
export function devicesStatus({ source, reports }: DevicesAnswer, asked: boolean): ExitStatus {
  if (asked && reports.some(isBlocked)) return EXIT.no;
  const unknown = reports.some(({ linux, xen }) =>
    [linux.verdict, xen.verdict].some((verdict) => verdict === 'unknown'),
  );
  return (asked && unknown) || missingFrom(source) !== null ? EXIT.noTable : EXIT.fine;
}

/** Whether either judge keeps a device from a guest. */
const isBlocked = ({ linux, xen }: DeviceReport): boolean =>
  linux.verdict === 'blocked' || xen.verdict === 'blocked';

/** Sentences about facts the answer would need and the host does not have. */
function missingFacts(host: Host | null, regions: RegionUses): string[] {
  const notes: string[] = [];
  if (host !== null && host.pci === null) {
    notes.push('No PCI devices found on the host; the devices that the table names are listed.');
  }
  if (regions.unresolved > 0) {
    notes.push(
      regions.unresolved === 1
        ? 'A device scope entry could not be resolved: a bridge on its path is missing or unknown.'
        : `${regions.unresolved} device scope entries could not be resolved: a bridge on their path is missing or unknown.`,
    );
  }
  if (host?.pci != null && (host.iommuGroups ?? []).length === 0) {
    const why = host.xen === null ? 'is the IOMMU off?' : 'Xen owns the IOMMU';
    notes.push(`No IOMMU groups found (${why}); each device is judged on its own.`);
  }
  return notes;
}

/** What there is to say of a device that might be given to a guest. */
export interface DeviceReport {
  readonly candidate: Candidate;
  /** What Linux makes of its regions, and why; null for a device without any. */
  readonly restriction: { readonly kind: Restriction; readonly why: string } | null;
  readonly companions: Companions;
  readonly linux: LinuxVerdict;
  readonly xen: XenVerdict;
  /** Where the running kernel's list of its group's reserved regions differs from the table. */
  readonly disagreements: readonly string[];
}

/** Who judges. */
export interface Judges {
  readonly kernel: LinuxKernel;
  /** The kernel that the host runs, which made its lists; null where it is not known. */
  readonly running: LinuxKernel | null;
  readonly xen: Xen;
}

/** What devices are judged by, beside the judges. */
export interface DevicesCase extends Judges {
  /** The table, from its signature on. */
  readonly bytes: Uint8Array;
  /** null where nothing is known of the machine. */
  readonly host: Host | null;
  /** Whether the table is the one that the host booted with, so that the host's IOMMU groups come from it. */
  readonly own: boolean;
  /** Whether the kernel was chosen, so that it is not the one that the host runs. */
  readonly chosen: boolean;
}

/** What Linux goes by, for the kernel that judges or the one that runs. */
function linuxCase(of: DevicesCase, kernel: LinuxKernel): LinuxCase {
  const { bytes, host, own, chosen, running } = of;
  const runs = !chosen || kernel.release === running?.release;
  const cmdline = runs ? (host?.linuxCmdline ?? null) : null;
  const machine: LinuxMachine = {
    // Of a machine that is known in part, what is missing may be there.
    pci: host?.pci?.partial ? null : (host?.pci ?? null),
    memoryMap: host?.memoryMap ?? null,
    cmdline,
    isVirtual: (address) => host?.pciDetails(address).physicalFunction != null,
  };
  const shown = own && runs ? (host?.iommuGroups ?? null) : null;
  return {
    kernel,
    iommu:
      tableOfBytes(bytes) === 'IVRS'
        ? new LinuxAmd(bytes, kernel, cmdline)
        : new LinuxVtd(bytes, kernel, machine),
    groups: shown && shown.length > 0,
    // A kernel that shows groups has the IOMMU, whoever runs it.
    underXen: host?.xen != null && !chosen && !host.iommuGroups?.length,
    cmdline,
  };
}

/**
 * Judges devices.
 *
 * @param candidates all functions of the machine, since IOMMU groups are judged as a whole
 * @param wanted whether a function is to be reported on
 */
export function reportDevices(
  candidates: readonly Candidate[],
  wanted: (candidate: Candidate) => boolean,
  of: DevicesCase,
): DeviceReport[] {
  const { kernel, running, xen } = of;
  const linux = linuxCase(of, kernel);
  const viewer = running === null || running === kernel ? linux : linuxCase(of, running);
  const members = new Map<IommuGroup, Candidate[]>();
  for (const candidate of candidates) {
    if (candidate.group === null) continue;
    append(members, candidate.group, candidate);
  }
  const groups = new Map(
    [...members].map(([group, all]) => [
      group,
      {
        culprits: bindingMembers(all, kernel, linux.iommu),
        disagreements: of.own ? disagreements(group, all, viewer.kernel, viewer.iommu) : [],
      },
    ]),
  );
  const judge = judgeXen(xen);
  const companions = companionsIn(candidates);
  return candidates.filter(wanted).map((candidate) => {
    const group = candidate.group === null ? undefined : groups.get(candidate.group);
    return {
      candidate,
      companions: companions(candidate),
      restriction:
        candidate.uses.length === 0
          ? null
          : {
              kind: restrictionOf(candidate, kernel, linux.iommu),
              why: explainRestriction(candidate, kernel, linux.iommu),
            },
      linux: judgeLinux(candidate, group?.culprits ?? [], linux),
      xen: judge(candidate),
      disagreements: group?.disagreements ?? [],
    };
  });
}
