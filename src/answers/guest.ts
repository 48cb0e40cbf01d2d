import type { Diagnostic } from '../acpi/diagnostic.js';
import { requireObject, requireText, type Shape } from '../base/arguments.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { type Sbdf, sbdfOf } from '../base/sbdf.js';
import type { Source } from '../evidence/source.js';
import type { Host } from '../machine/host.js';
import type { Firmware } from '../toolstack/hvmloader/e820.js';
import { DEFAULT_MACHINE, type GuestMachine } from '../toolstack/hvmloader/machine.js';
import {
  type BuildInfo,
  type BuildRefusal,
  buildRefusalOf,
  ramOf,
} from '../toolstack/libxl/build-info.js';
import { takenBytes } from '../toolstack/libxl/frames.js';
import {
  DEFAULT_MMIO_HOLE,
  type GuestConfig,
  type GuestLayout,
  type GuestRegion,
  HIGH_MEMORY_START,
  type LayoutRefusal,
  LOW_MEMORY_START,
  layOutAround,
  layOutGuest,
  layOutPlainly,
  MIB,
  PVH_MMIO_HOLE,
  type ReservedDeviceMemory,
} from '../toolstack/libxl/layout.js';
import { type Libxl, libxlOf } from '../toolstack/libxl/releases.js';
import type { GuestNote } from '../toolstack/notes.js';
import {
  BadSetting,
  completeConfig,
  GUEST_OPTIONS,
  type GuestOptions,
  type GuestType,
  readXlGuest,
  type XlGuest,
} from '../toolstack/xl/config.js';
import { xlOf } from '../toolstack/xl/releases.js';
import { type AttachFailure, attachDevices } from '../xen/attach.js';
import type { Xen } from '../xen/boot.js';
import { askRdmMap, type RdmMapResult } from '../xen/rdm-map.js';
import { missingFrom } from './completeness.js';
import { type Evidence, requireEvidence } from './evidence.js';
import { bootGuest, bootNotes, type FinalMap } from './guest-boot.js';
import {
  bootHypervisor,
  requireDevices,
  requireListable,
  vtdOf,
  XEN_OPTIONS,
  type XenOptions,
} from './hypervisor.js';

/** A guest that somebody wants to create. */
export interface GuestQuestion {
  readonly config: GuestConfig;
  /** What libxl looks at first; null where only the RAM is known. */
  readonly info: BuildInfo | null;
  /** By default hvm. */
  readonly type?: GuestType;
  /** What it boots on; by default what xl gives a guest. */
  readonly machine?: GuestMachine;
  /** What is to be said of how the guest was described; they come first. */
  readonly notes: readonly GuestNote[];
}

/** Why a guest cannot be created, in the order in which the toolstack comes to it. */
export type GuestRefusal = BuildRefusal | 'no-passthrough' | LayoutRefusal | 'assign';

/** What would let a guest be created; tried out. */
export interface GuestRemedy {
  readonly setting: 'rdm_mem_boundary' | 'memory';
  /** MiB. */
  readonly mib: bigint;
}

/** Whether a guest can be created, and where its memory goes. */
export interface GuestOutcome {
  readonly config: GuestConfig;
  readonly type: GuestType;
  readonly info: BuildInfo | null;
  readonly layout: GuestLayout;
  readonly refusal: GuestRefusal | null;
  /** With the refusal `assign`: which device cannot be attached, and why. */
  readonly assign: AttachFailure | null;
  /** What hvmloader leaves to the guest's kernel; null where it does not come to run. */
  readonly final: FinalMap | null;
  /** Settings that would let it be created, beside the policy relaxed; the best first. */
  readonly remedies: readonly GuestRemedy[];
  readonly notes: readonly GuestNote[];
  /** What the hypervisor found odd. */
  readonly diagnostics: readonly Diagnostic[];
  readonly xen: Xen;
}

/** The same, and what it was made of. */
export interface GuestAnswer extends GuestOutcome {
  readonly source: Source;
  readonly iommu: 'on' | 'off';
  /** What becomes of VT-d, or AMD's IOMMU, as far as the evidence tells. */
  readonly vtd: 'enabled' | 'disabled' | 'unknown';
  /** What to know of the source and of the choice of the release. */
  readonly sourceNotes: readonly string[];
}

/** A guest as somebody describes it: settings, an xl configuration file, or both. */
export interface GuestDescription {
  /** Settings that go before the file's. */
  readonly options: GuestOptions;
  /** What is to be said of those. */
  readonly notes: readonly GuestNote[];
  /** Goes before the file's. */
  readonly type?: GuestType | undefined;
  /** Goes before the file's. */
  readonly firmware?: Firmware | undefined;
  /** An xl configuration file and what messages call it; null for none. */
  readonly file: { readonly path: string; readonly text: string } | null;
}

/** What its parts must be. */
const DESCRIPTION: Shape<GuestDescription> = {
  options: 'object',
  notes: 'objects',
  type: 'text?',
  firmware: 'text?',
  file: 'object or null',
};

const usage = (message: string, hint?: string): Failure =>
  new Failure('bad-guest', message, hint, EXIT.usage);

/**
 * The guest that is described to the toolstack of a release.
 *
 * @param release of Xen: `4.17.7`
 * @throws Failure `bad-guest`, a matter of usage
 */
export function readGuest(description: GuestDescription, release: string): GuestQuestion {
  requireDescription(description);
  requireText(release, 'release');
  const { options, notes, type, firmware, file } = description;
  const xl = file === null ? null : readFile(file, release);
  const kind = type ?? xl?.type ?? 'hvm';
  // A graphics card, and with it video memory, is a matter of hvm alone.
  const info = kind === 'hvm' ? (xl?.info ?? null) : null;
  const memory = options.memory ?? (info === null ? (xl?.info.maximum ?? null) : ramOf(info));
  if (memory === null) {
    throw usage(
      file === null
        ? "The guest's memory is not known."
        : `The guest's memory is not known: ${file.path} has no memory and no maxmem.`,
      'Say it in MiB, as in --memory 2800, or name a configuration file that has it with --config.',
    );
  }
  if (memory <= LOW_MEMORY_START) throw usage('A guest has more than 1 MiB of memory.');
  return {
    config: completeConfig({ ...xl?.options, ...options, memory }),
    info: options.memory === undefined ? info : null,
    machine: {
      ...(xl?.machine ?? DEFAULT_MACHINE),
      ...(options.mmioHole === undefined ? {} : { mmioHole: options.mmioHole }),
      ...(firmware === undefined ? {} : { firmware }),
    },
    type: kind,
    notes: [
      ...(xl?.notes ?? []).filter(({ code }) => code !== 'no-type' || type === undefined),
      ...notes,
    ],
  };
}

function readFile({ path, text }: NonNullable<GuestDescription['file']>, release: string): XlGuest {
  try {
    return readXlGuest(text, xlOf(release), release);
  } catch (error) {
    throw error instanceof BadSetting ? usage(`${path}: ${error.message}`) : error;
  }
}

/**
 * Whether a guest can be created on a machine, and where its memory goes.
 *
 * @throws Failure `bad-guest`, `unknown-release` or `devices-unknown`, all a matter of usage; `xen-down`
 *   where the hypervisor does not boot; `too-many-entries`
 */
export function answerGuest(
  evidence: Evidence,
  description: GuestDescription,
  options: XenOptions = {},
): GuestAnswer {
  requireDescription(description);
  return answerGuestOf(evidence, (release) => readGuest(description, release), options);
}

function requireDescription(description: GuestDescription): void {
  requireObject(description, 'description', DESCRIPTION);
  const { file, options } = description;
  requireObject(options, 'description.options', GUEST_OPTIONS);
  if (file !== null) requireObject(file, 'description.file', { path: 'text', text: 'text' });
}

/**
 * {@link answerGuest} for a guest that no configuration file describes.
 *
 * @param questionOf the guest, on a release of Xen that it is told
 */
export function answerGuestOf(
  evidence: Evidence,
  questionOf: (release: string) => GuestQuestion,
  options: XenOptions,
): GuestAnswer {
  requireEvidence(evidence);
  requireObject(options, 'options', XEN_OPTIONS);
  const { source } = evidence;
  const { xen, iommu, host, notes, clean } = bootHypervisor(evidence, options);
  requireXen(xen);
  requireListable(evidence, xen);
  const question = questionOf(xen.release.name);
  if (question.config.pci.length > 0) requireDevices(source);
  const outcome = createGuest(question, xen, host, clean);
  const vtd = vtdOf({ source, host }, { xen }, options);
  return { ...outcome, source, iommu, vtd, sourceNotes: [...notes, ...(host?.notes ?? [])] };
}

/** The exit status of a guest: no where it cannot be created, not known where a part of the evidence is missing. */
export function guestStatus({ refusal, source }: GuestAnswer): ExitStatus {
  if (refusal !== null) return EXIT.no;
  return missingFrom(source) === null ? EXIT.fine : EXIT.noTable;
}

function requireXen({ release, outcome, why }: Xen): void {
  if (release.interface === 'rfc-v7') {
    throw usage(
      'The toolstack asks for reserved regions from Xen 4.6 on, and not with rfc-v7.',
      'Leave --xen out, or name a release.',
    );
  }
  if (outcome !== 'ok') {
    const message = `Xen does not boot on this machine: ${why}.`;
    throw new Failure('xen-down', message, undefined, EXIT.no);
  }
}

/**
 * Creates a guest with the toolstack that belongs to a hypervisor: what libxl checks first, its layout of
 * the memory, and the attaching of its devices.
 *
 * @param xen a hypervisor that came up, of 4.6 or later
 * @param host what is known of its machine; null: nothing
 * @param clean takes out of the hypercall's answer what the source did not tell
 */
export function createGuest(
  question: GuestQuestion,
  xen: Xen,
  host: Host | null = null,
  clean: (result: RdmMapResult) => RdmMapResult = (result) => result,
): GuestOutcome {
  if (question.type === 'pv' || question.type === 'pvh') {
    return createWithoutFirmware(question, question.type, xen, host);
  }
  const { config, info, machine = DEFAULT_MACHINE, notes } = question;
  const libxl = libxlOf(xen.release.name);
  const ask = (device: Sbdf | null): RdmMapResult =>
    clean(askRdmMap(xen, { abi: 'native', ...(device === null ? {} : { device }) }));
  const layout = layOutGuest(config, (device) => entriesOf(ask(device)), libxl);
  const outcome = outcomeOf(config, info, layout, xen, host);
  const functionsOf = (device: Sbdf) => knownFunctions(device, xen, host);
  const final =
    outcome.refusal === null
      ? bootGuest({ config, machine, layout, release: xen.release.name, host, functionsOf })
      : null;
  return {
    config,
    type: 'hvm',
    info,
    layout: isSet(outcome.refusal) ? layout : { ...layout, e820: [] },
    ...outcome,
    final,
    remedies: remediesOf(config, outcome, layout, libxl, (changed, around) =>
      outcomeOf(changed, info, around, xen, host),
    ),
    notes: [
      ...notes,
      ...layoutNotes(config, layout, libxl, xen),
      ...(final === null ? [] : bootNotes(final)),
    ],
    diagnostics: ask(null).diagnostics,
    xen,
  };
}

/**
 * A guest of type pv or pvh: no RAM is moved for its devices' regions. The frames of a PV guest are no
 * addresses, so that none is taken by the time a device is attached (xen/arch/x86/mm/p2m.c,
 * set_identity_p2m_entry), but shared regions are refused as ever. Its map is not modelled.
 */
function createWithoutFirmware(
  { config, info, notes }: GuestQuestion,
  type: 'pv' | 'pvh',
  xen: Xen,
  host: Host | null,
): GuestOutcome {
  const hasDevices = config.pci.length > 0;
  const refusesDevices = type === 'pvh' && libxlOf(xen.release.name).refusesPvhDevices;
  const noPassthrough = hasDevices && (refusesDevices || !xen.iommu_enabled);
  const assign = noPassthrough ? null : attachDevices(xen, attachedDevices(config, xen, host), []);
  const hole = type === 'pvh' ? PVH_MMIO_HOLE : 0n;
  return {
    config,
    type,
    info,
    layout: layOutPlainly(config.memory, HIGH_MEMORY_START - hole),
    refusal: noPassthrough ? 'no-passthrough' : assign === null ? null : 'assign',
    assign,
    final: null,
    remedies: [],
    notes: [
      ...notes,
      type === 'pvh'
        ? { code: 'pvh-guest', severity: 'info' }
        : { code: 'pv-guest', severity: 'info', hasDevices },
    ],
    diagnostics: askRdmMap(xen, { abi: 'native' }).diagnostics,
    xen,
  };
}

/** The hypercall as libxl makes it (libxl__xc_device_get_rdm), and who uses each region. */
const entriesOf = ({ answer }: RdmMapResult): ReservedDeviceMemory[] =>
  (answer?.entries ?? []).map(({ start_pfn, nr_pages, unit }) => ({
    start_pfn,
    nr_pages,
    owners: unit.devices.map(({ name }) => name),
  }));

/** Whether libxl sets the guest's memory map: it does so before devices are attached. */
const isSet = (refusal: GuestRefusal | null): boolean => refusal === null || refusal === 'assign';

interface Outcome {
  refusal: GuestRefusal | null;
  assign: AttachFailure | null;
}

function outcomeOf(
  config: GuestConfig,
  info: BuildInfo | null,
  layout: GuestLayout,
  xen: Xen,
  host: Host | null,
): Outcome {
  const hasDevices = config.pci.length > 0;
  const early =
    (info === null ? null : buildRefusalOf(info, hasDevices)) ??
    (hasDevices && !xen.iommu_enabled ? 'no-passthrough' : null) ??
    layout.refusal;
  if (early !== null) return { refusal: early, assign: null };
  const assign = attachDevices(xen, attachedDevices(config, xen, host), takenBytes(layout));
  return { refusal: assign === null ? null : 'assign', assign };
}

/** The functions that are attached, with the policy that libxl hands over for each; without one, strict. */
function attachedDevices(
  { pci }: GuestConfig,
  xen: Xen,
  host: Host | null,
): { device: Sbdf; relaxed: boolean }[] {
  return pci
    .filter(({ name }) => name === undefined)
    .flatMap(({ device, rdmPolicy, allFunctions }) =>
      (allFunctions === true ? knownFunctions(device, xen, host) : [device]).map((one) => ({
        device: one,
        relaxed: rdmPolicy === 'relaxed' || rdmPolicy === 'undefined',
      })),
    );
}

/** The functions of a device: those of the machine, or else those that regions name, or the first alone. */
function knownFunctions({ segment, bus, device }: Sbdf, xen: Xen, host: Host | null): Sbdf[] {
  const known =
    host?.pci == null
      ? xen.units.flatMap((unit) =>
          unit.devices.flatMap(({ bdf }) => (bdf === null ? [] : [sbdfOf(unit.segment, bdf)])),
        )
      : [...host.pci.functions()];
  const functions = new Set(
    known
      .filter((fn) => fn.segment === segment && fn.bus === bus && fn.device === device)
      .map(({ func }) => func),
  );
  if (functions.size === 0) functions.add(0);
  return [...functions].sort().map((func) => ({ segment, bus, device, func }));
}

const inLowRam = ({ start }: GuestRegion, { lowmemEnd }: GuestLayout): boolean => start < lowmemEnd;

/**
 * Settings that let a refused guest be created. Each is tried out, since moving RAM away from one region
 * may put it in another's way.
 */
function remediesOf(
  config: GuestConfig,
  { refusal, assign }: Outcome,
  layout: GuestLayout,
  libxl: Libxl,
  outcome: (config: GuestConfig, layout: GuestLayout) => Outcome,
): GuestRemedy[] {
  const busyAt = assign?.errno === 'EBUSY' ? assign.at : null;
  const blamed = layout.regions.filter(({ fate }) => fate === 'refused');
  if (refusal !== 'rdm-conflict' && busyAt === null) return [];
  const helps = (change: Partial<GuestConfig>): boolean => {
    const changed = { ...config, ...change };
    const around = layOutAround(changed, layout.regions, layout.withoutRegion, libxl);
    return outcome(changed, around).refusal === null;
  };
  const remedies: GuestRemedy[] = [];
  const low = [
    ...blamed.filter((region) => inLowRam(region, layout)).map(({ start }) => start),
    ...(assign !== null && busyAt !== null && busyAt < layout.lowmemEnd ? [assign.rmrrBase] : []),
  ];
  if (low.length > 0) {
    const boundary = (lowest(low) - 1n) / MIB;
    if (lowest(low) > LOW_MEMORY_START && helps({ rdmMemBoundary: boundary * MIB })) {
      remedies.push({ setting: 'rdm_mem_boundary', mib: boundary });
    }
  }
  const high = [
    ...blamed.map(({ start }) => start).filter((start) => start > HIGH_MEMORY_START),
    ...(busyAt !== null && busyAt >= HIGH_MEMORY_START ? [busyAt] : []),
  ];
  if (low.length === 0 && high.length > 0) {
    const mib = (config.memory - (layout.highmemEnd - lowest(high))) / MIB;
    if (helps({ memory: mib * MIB })) remedies.push({ setting: 'memory', mib });
  }
  return remedies;
}

const lowest = (starts: readonly bigint[]): bigint => starts.reduce((a, b) => (a < b ? a : b));

/** What else a person should know of a layout. */
function layoutNotes(
  { pci, rdm, mmioHole }: GuestConfig,
  layout: GuestLayout,
  { defaultDevicePolicy }: Libxl,
  xen: Xen,
): GuestNote[] {
  const notes: GuestNote[] = [];
  if (!xen.iommu_enabled) notes.push({ code: 'no-passthrough', severity: 'warning' });
  if (pci.length === 0 && rdm.strategy === 'ignore') {
    notes.push({ code: 'no-rdm-asked', severity: 'info' });
  }
  for (const device of layout.withoutRegion) {
    notes.push({ code: 'device-without-region', severity: 'info', device });
  }
  const refused = layout.regions.filter(({ fate }) => fate === 'refused');
  const refusing = new Set(refused.map(({ devices }) => devices.at(-1)));
  for (const { device, rdmPolicy } of pci) {
    if (refusing.has(device) && rdmPolicy === null && rdm.policy === 'relaxed') {
      notes.push({ code: 'device-policy-assumed', severity: 'warning', device });
    }
    const own = layout.regions.find(({ devices }) => devices.at(-1) === device);
    if (rdmPolicy === null && defaultDevicePolicy === null && own !== undefined) {
      notes.push({ code: 'device-policy-undecided', severity: 'warning', device });
    }
  }
  if (mmioHole < DEFAULT_MMIO_HOLE) {
    notes.push({ code: 'mmio-hole-ignored', severity: 'warning', mmioHole });
  }
  return notes;
}
