import type { Diagnostic } from '../../acpi/diagnostic.js';
import { ATSR_FLAGS, atsr } from '../../acpi/dmar/atsr.js';
import { dmarHeader } from '../../acpi/dmar/header.js';
import { rhsa } from '../../acpi/dmar/rhsa.js';
import { rmrr } from '../../acpi/dmar/rmrr.js';
import { satc } from '../../acpi/dmar/satc.js';
import { hasFlag } from '../../acpi/layout.js';
import { STRUCTURE_HEADER } from '../../acpi/table-layout.js';
import { ERRNO } from '../hypercall/errno.js';
import type { Machine } from '../machine.js';
import type { Release } from '../releases.js';
import { HypervisorStop, type ParseFailure } from '../stop.js';
import { DisjointRegions } from './disjoint-regions.js';
import { parseDrhd } from './parse-drhd.js';
import { parseRmrr } from './parse-rmrr.js';
import { type ParseOptions, ParseState, type StructureAt } from './parse-state.js';
import { type IgnoredRegion, type RmrrUnit, rmrrName, unitName } from './units.js';

/** What Xen made of a table. */
export interface ParsedDmar {
  /** What acpi_parse_dmar answers: 0 or a negative errno. */
  readonly rc: number;
  /** The assertion the hypervisor stopped on, if it did. */
  readonly bug: string | null;
  readonly failure: ParseFailure | null;
  /** Units in the order of Xen's list: the last of the table first. Empty after a failure. */
  readonly units: readonly RmrrUnit[];
  /** The same units by address, for regions that are added later. */
  readonly regions: DisjointRegions<RmrrUnit>;
  /** Number of DRHDs that were registered; 0 after a failure. */
  readonly drhd_units: number;
  /** In the order of the table. */
  readonly ignored: readonly IgnoredRegion[];
  readonly diagnostics: readonly Diagnostic[];
}

const RMRR_TYPE = 1;

/** A parser of one structure; answers whether to go on. */
type ParseStructure = (state: ParseState, at: StructureAt) => boolean;

/** By structure type; what is not here, ANDD and SIDP among them, is skipped. */
const PARSERS: Readonly<Record<number, ParseStructure>> = {
  0: parseDrhd,
  [RMRR_TYPE]: parseRmrr,
  2: parseAtsr,
  3: (state, at) => state.hasLength(at, rhsa.fixedLength),
  5: parseSatc,
};

/**
 * Parses a table as Xen does at boot (xen/drivers/passthrough/vtd/dmar.c, acpi_parse_dmar). Any error
 * drops everything: no unit is left, and VT-d stays off.
 *
 * @param bytes the table and what follows it in memory, as far as that is known
 */
export function parseDmar(
  bytes: Uint8Array,
  machine: Machine,
  release: Release,
  options: ParseOptions,
): ParsedDmar {
  const state = new ParseState(bytes, machine, release, options);
  let bug: string | null = null;
  try {
    walk(state);
  } catch (error) {
    if (!(error instanceof HypervisorStop)) throw error;
    bug = error.message;
  }
  const { memory, failure, diagnostics } = state;
  if (memory.missing !== null) diagnostics.push(readPastTable(memory.missing));
  const isRefused = failure !== null;
  return {
    rc: isRefused ? failure.rc : 0,
    bug,
    failure,
    units: isRefused ? [] : state.units.reverse(),
    regions: isRefused ? new DisjointRegions<RmrrUnit>() : state.regions,
    drhd_units: isRefused ? 0 : state.drhds.registered,
    ignored: isRefused ? explainDropped(state, failure) : state.ignored,
    diagnostics,
  };
}

/** Parses structure after structure until one fails or the table, by its own length, ends. */
function walk(state: ParseState): void {
  const { memory } = state;
  const { at, fixedLength } = dmarHeader;
  if (memory.u8(at.hostAddressWidth) === 0) {
    const field = { offset: at.hostAddressWidth, length: 1 };
    state.fail(field, ERRNO.EINVAL, 'The host address width in the header is 0.');
    return;
  }
  const end = memory.u32(at.length);
  for (let offset = fixedLength; offset < end; ) {
    const structure = structureAt(state, offset);
    if (!state.hasLength(structure, STRUCTURE_HEADER)) return;
    const parse = PARSERS[structure.type];
    if (parse !== undefined && !parse(state, structure)) return;
    offset += structure.length;
  }
}

const structureAt = ({ memory }: ParseState, offset: number): StructureAt => ({
  type: memory.u16(offset),
  offset,
  length: memory.u16(offset + 2),
});

/** Parses an ATSR, whose scopes are of no interest with ALL_PORTS set (acpi_parse_one_atsr). */
function parseAtsr(state: ParseState, at: StructureAt): boolean {
  const { memory, seen } = state;
  if (!state.hasLength(at, atsr.fixedLength)) return false;
  const segment = memory.u16(at.offset + atsr.at.segment);
  if (!hasFlag(memory.u8(at.offset + atsr.at.flags), ATSR_FLAGS, 'ALL_PORTS')) {
    return state.parseScopes(at, atsr.fixedLength, segment) !== null;
  }
  if (segment === 0 && seen.allPorts) {
    const message = `The ATSR at offset ${at.offset} is a second one with ALL_PORTS on segment 0.`;
    return state.fail(at, ERRNO.EINVAL, message);
  }
  seen.allPorts ||= segment === 0;
  return true;
}

/** Parses a SATC, where the release does (acpi_parse_one_satc). */
function parseSatc(state: ParseState, at: StructureAt): boolean {
  if (!state.release.parsesSatc) return true;
  if (!state.hasLength(at, satc.fixedLength)) return false;
  const segment = state.memory.u16(at.offset + satc.at.segment);
  return state.parseScopes(at, satc.fixedLength, segment) !== null;
}

const readPastTable = (missing: number): Diagnostic => ({
  code: 'xen-reads-past-table',
  severity: 'warning',
  offset: missing,
  length: 0,
  message: `Xen reads on past the bytes given, which end at offset ${missing}; they are taken as zeros, and the answer hangs on that.`,
});

/** After a failure: what became of each RMRR, in the order of the table. */
function explainDropped(state: ParseState, failure: ParseFailure): IgnoredRegion[] {
  for (const unit of state.units) {
    const message = `${unitName(unit)} was accepted, then dropped with the whole table.`;
    state.ignore(unit, 'dropped', message);
  }
  const end = state.memory.u32(dmarHeader.at.length);
  let index = 0;
  for (let offset = dmarHeader.fixedLength; offset < end; ) {
    const at = structureAt(state, offset);
    if (at.length < STRUCTURE_HEADER) break;
    if (at.type === RMRR_TYPE) {
      if (offset >= failure.offset) explainUnparsed(state, at, index, failure);
      index++;
    }
    offset += at.length;
  }
  return state.ignored.sort((a, b) => (a.rmrr?.index ?? 0) - (b.rmrr?.index ?? 0));
}

function explainUnparsed(
  state: ParseState,
  { offset, length }: StructureAt,
  index: number,
  failure: ParseFailure,
): void {
  if (length < rmrr.fixedLength) return;
  const base_address = state.memory.u64(offset + rmrr.at.baseAddress);
  const end_address = state.memory.u64(offset + rmrr.at.limitAddress);
  const region = { rmrr: { index, offset }, base_address, end_address };
  if (offset === failure.offset) {
    state.ignore(region, 'malformed', failure.message);
  } else {
    const name = rmrrName(offset, base_address, end_address);
    const message = `${name} was not reached: parsing stopped at offset ${failure.offset}.`;
    state.ignore(region, 'not-reached', message);
  }
}
