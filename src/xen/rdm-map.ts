import type { Diagnostic } from '../acpi/diagnostic.js';
import { formatAddress, PAGE_SIZE } from '../base/address.js';
import { requireObject } from '../base/arguments.js';
import { boundsOf } from './amd/parse-state.js';
import { unreportedRegions } from './amd/reserved-device-memory.js';
import type { Xen } from './boot.js';
import type { Abi } from './hypercall/abi.js';
import { errnoName } from './hypercall/errno.js';
import {
  type Answer,
  callOnce,
  callTwice,
  callWithoutMemory,
  REQUEST,
  type Request,
} from './hypercall/hypercall.js';
import { HypervisorStop, type Stop } from './stop.js';
import { type IgnoredRegion, type RmrrUnit, unitName } from './vtd/units.js';
import { framesOf } from './vtd/vtd.js';

/** A region that is not in the map although a table, or an option, has it. */
export type MissingRegion = IgnoredRegion;

/** The guest-visible map, and why it is as it is. */
export interface RdmMapResult {
  readonly xen: Xen;
  readonly abi: Abi;
  /** null where the hypervisor did not come up, or stopped when it was asked. */
  readonly answer: Answer | null;
  /** Where and why the hypervisor stopped; null where it did not. */
  readonly stop: Stop | null;
  readonly missing: readonly MissingRegion[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What to ask: without nr_entries two calls are made, as a toolstack does. */
export interface RdmRequest extends Omit<Request, 'nr_entries'> {
  readonly nr_entries?: number | undefined;
}

/** What a toolstack asks, where nobody wants to see the bytes of its memory. */
export const ALL_REGIONS = 'all-regions';

/** Asks a booted hypervisor for its reserved device memory and explains what is missing. */
export function askRdmMap(xen: Xen, request: RdmRequest | typeof ALL_REGIONS): RdmMapResult {
  if (request !== ALL_REGIONS) {
    requireObject(request, 'request', { ...REQUEST, nr_entries: 'count?' });
  }
  const { answer, stop } = ask(xen, request);
  const abi = request === ALL_REGIONS ? 'native' : request.abi;
  return {
    xen,
    abi,
    answer,
    stop,
    missing: [...xen.ignored, ...unreportedUnits(xen, abi), ...unreportedIvmds(xen, abi)],
    diagnostics: [
      ...bootDiagnostics(xen, stop),
      ...xen.diagnostics,
      ...unitDiagnostics(xen),
      ...probeDiagnostics(answer),
    ],
  };
}

function ask(
  xen: Xen,
  request: RdmRequest | typeof ALL_REGIONS,
): { answer: Answer | null; stop: Stop | null } {
  const { outcome, why } = xen;
  if (outcome !== 'ok') return { answer: null, stop: { outcome, phase: 'boot', why: why ?? '' } };
  try {
    return { answer: call(xen, request), stop: null };
  } catch (error) {
    if (!(error instanceof HypervisorStop)) throw error;
    return { answer: null, stop: { outcome: error.outcome, phase: 'call', why: error.message } };
  }
}

function call(xen: Xen, request: RdmRequest | typeof ALL_REGIONS): Answer {
  if (request === ALL_REGIONS) return callWithoutMemory(xen);
  const { nr_entries } = request;
  return nr_entries === undefined
    ? callTwice(xen, request)
    : callOnce(xen, { ...request, nr_entries });
}

/** Regions of an IVRS table that are in use, but not in the map. */
function unreportedIvmds({ amd, iommu_enabled, release }: Xen, abi: Abi): MissingRegion[] {
  if (amd === null || !iommu_enabled) return [];
  const skipsEmpty = abi === 'native' && release.skipsEmptyNative;
  return unreportedRegions(amd, skipsEmpty).map(({ block, reason, message }) => ({
    rmrr: null,
    origin: block.origin,
    ...boundsOf(block),
    reason,
    message,
  }));
}

/** Units that no caller with this interface will ever see. */
function unreportedUnits(xen: Xen, abi: Abi): MissingRegion[] {
  const missing: MissingRegion[] = [];
  for (const unit of xen.units) {
    const why = unreportedReason(xen, unit, abi);
    if (why !== null) missing.push({ ...unit, ...why });
  }
  return missing;
}

function unreportedReason(
  xen: Xen,
  unit: RmrrUnit,
  abi: Abi,
): Pick<MissingRegion, 'reason' | 'message'> | null {
  if (!xen.iommu_enabled || xen.outcome !== 'ok') {
    return {
      reason: 'vtd-disabled',
      message: `${unitName(unit)} was accepted, but VT-d is off, so it is not reported.`,
    };
  }
  const { interface: iface, skipsEmptyNative } = xen.release;
  if (iface !== 'rfc-v7' && unit.devices[0]?.bdf === 0) {
    return {
      reason: 'never-reported',
      message: `${unitName(unit)} names 00:00.0 as its first device, at which Xen stops looking; no guest is told of it.`,
    };
  }
  if (abi === 'native' && skipsEmptyNative && framesOf(unit).nr_pages === 0n) {
    return {
      reason: 'no-pages',
      message: `${unitName(unit)} comes to 0 pages by Xen's count, and is passed over.`,
    };
  }
  return null;
}

/** What the IOMMU of a machine is called. */
export const iommuName = ({ driver }: Pick<Xen, 'driver'>): 'VT-d' | 'AMD-Vi' =>
  driver === 'amd' ? 'AMD-Vi' : 'VT-d';

/** What a hypervisor does that stops. */
const STOPS: Readonly<Record<Stop['phase'], Readonly<Record<Stop['outcome'], string>>>> = {
  boot: {
    panic: 'Xen panics at boot',
    bug: 'Xen stops while it parses the table',
    hang: 'Xen hangs while it parses the table',
  },
  call: {
    panic: 'Xen panics when it is asked for its reserved regions',
    bug: 'Xen crashes when it is asked for its reserved regions',
    hang: 'Xen hangs when it is asked for its reserved regions',
  },
};

/** What went wrong at boot, or when the hypervisor was asked, worst first. */
function bootDiagnostics(xen: Xen, stop: Stop | null): Diagnostic[] {
  const { failure } = xen;
  const iommu = iommuName(xen);
  const diagnostics: Diagnostic[] = [];
  const add = (code: string, message: string, offset = 0, length = 0) =>
    diagnostics.push({ code, severity: 'error', offset, length, message });
  if (stop !== null) add(`xen-${stop.outcome}`, `${STOPS[stop.phase][stop.outcome]}: ${stop.why}.`);
  if (failure !== null) {
    add(
      'xen-table-refused',
      `${failure.message} Xen refuses the whole table for it (-${errnoName(failure.rc)}) and switches ${iommu} off.`,
      failure.offset,
      failure.length,
    );
  } else if (xen.off !== null) {
    diagnostics.push({
      code: 'xen-vtd-off',
      severity: 'warning',
      offset: 0,
      length: 0,
      message: `${iommu} is off: ${xen.off}`,
    });
  }
  return diagnostics;
}

/** Entries that are no regions, but questions: see amd/reserved-device-memory.ts. */
function probeDiagnostics(answer: Answer | null): Diagnostic[] {
  const questions = (answer?.entries ?? []).filter(
    ({ unit }) => unit.origin === null && unit.rmrr === null,
  );
  if (answer === null || questions.length === 0) return [];
  return [
    {
      code: 'xen-amd-empty-entries',
      severity: 'warning',
      offset: 0,
      length: 0,
      message: `${questions.length} of these ${answer.entries.length} entries have no pages at frame 0: on AMD machines every Xen gives a 32-bit caller one for each device that it looks at.`,
    },
  ];
}

/** What is odd about the regions Xen accepted. */
function unitDiagnostics({ units }: Xen): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const add = (odd: Diagnostic | null) => {
    if (odd !== null) diagnostics.push(odd);
  };
  for (const unit of units) {
    add(lostPage(unit));
    add(wrappedCount(unit));
    add(unresolvedPaths(unit));
  }
  return diagnostics;
}

/** A limit at the start of a page: that page is lost, since Xen rounds the inclusive limit up. */
function lostPage(unit: RmrrUnit): Diagnostic | null {
  if (unit.rmrr === null || unit.end_address % PAGE_SIZE !== 0n) return null;
  return {
    code: 'rmrr-last-page-lost',
    severity: 'warning',
    offset: unit.rmrr.offset ?? 0,
    length: 24,
    message: `${unitName(unit)} has its limit at the start of a page, and Xen leaves that page, ${formatAddress(unit.end_address)}, out of the map.`,
  };
}

/** A limit in the last page of the address space: rounding it up wraps to 0. */
function wrappedCount(unit: RmrrUnit): Diagnostic | null {
  const { start_pfn, nr_pages } = framesOf(unit);
  if (unit.rmrr === null || start_pfn + nr_pages < 1n << 64n) return null;
  return {
    code: 'rmrr-count-wraps',
    severity: 'warning',
    offset: unit.rmrr.offset ?? 0,
    length: 24,
    message: `${unitName(unit)} has its limit in the last page of the address space, where Xen's count wraps to ${nr_pages} pages.`,
  };
}

/** Devices whose address hangs on how the machine numbered its buses. */
function unresolvedPaths(unit: RmrrUnit): Diagnostic | null {
  const unresolved = unit.devices.filter(({ bdf }) => bdf === null);
  if (unresolved.length === 0) return null;
  const names = unresolved.map(({ name }) => name);
  return {
    code: 'scope-path-unresolved',
    severity: 'info',
    offset: unit.rmrr?.offset ?? 0,
    length: 0,
    message: `${unitName(unit)} names ${names.join(', ')} behind bridges; which bus that is only the machine can tell, so it is taken as present.`,
  };
}
