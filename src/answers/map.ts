import type { Diagnostic } from '../acpi/diagnostic.js';
import type { Decoded } from '../acpi/table-layout.js';
import { decodeTable, type Table } from '../acpi/tables.js';
import { requireObject, type Shape } from '../base/arguments.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import type { Sbdf } from '../base/sbdf.js';
import type { Source } from '../evidence/source.js';
import type { Host } from '../machine/host.js';
import { ALL_REGIONS, askRdmMap, type RdmMapResult } from '../xen/rdm-map.js';
import { missingFrom } from './completeness.js';
import { type Evidence, requireEvidence } from './evidence.js';
import {
  bootHypervisor,
  refusedBy,
  requireDevices,
  requireListable,
  vtdOf,
  XEN_OPTIONS,
  type XenOptions,
} from './hypervisor.js';
import { type WaysOut, waysOut } from './ways-out.js';

/** Options of the question which guest frames are taken. */
export interface MapOptions extends XenOptions {
  /** Whether a 32-bit guest asks. */
  readonly compat?: boolean | undefined;
  /** One call with room for so many entries; left out: two calls, as a toolstack makes them. */
  readonly nrEntries?: number | undefined;
  /** One device's regions instead of all. */
  readonly device?: Sbdf | undefined;
  /** false: what a 64-bit toolstack is told of all regions, without the bytes of its memory. */
  readonly memory?: false | undefined;
}

/** What they must be. */
const MAP_OPTIONS: Shape<MapOptions> = {
  ...XEN_OPTIONS,
  compat: 'flag?',
  nrEntries: 'count?',
  device: 'object?',
  memory: 'flag?',
};

/** The hypercall's answer, and all that is to say about it. */
export interface MapAnswer {
  readonly source: Source;
  /** The facts that went into it; null where nothing of the machine did. */
  readonly host: Host | null;
  /** The table's header; null for a kernel's log, and where it could not be decoded. */
  readonly header: Table['header'] | null;
  readonly result: RdmMapResult;
  /** What the hypervisor found odd, then what is wrong with the table's bytes. */
  readonly diagnostics: readonly Diagnostic[];
  /** What helps where Xen does not boot, or refuses the table, on an AMD machine; null elsewhere. */
  readonly waysOut: WaysOut | null;
  /** Whether the hypervisor was asked to use the IOMMU at all. */
  readonly iommu: 'on' | 'off';
  /** What becomes of VT-d, as a log says, or the modelled hypervisor; unknown where the evidence is not enough. */
  readonly vtd: 'enabled' | 'disabled' | 'unknown';
  /** Of several releases asked for those with which it is off, oldest first; null where one was asked for. */
  readonly refusedBy: readonly string[] | null;
  /** What a person should know, beside the diagnostics. */
  readonly notes: readonly string[];
}

/**
 * Which guest frames are taken, and by which devices: boots the modelled hypervisor and makes the hypercall.
 *
 * @throws Failure `unknown-release`, `no-device-request` or `devices-unknown`, all a matter of usage; `too-many-entries`
 */
export function answerMap(evidence: Evidence, options: MapOptions = {}): MapAnswer {
  requireEvidence(evidence);
  requireObject(options, 'options', MAP_OPTIONS);
  return mapOf(evidence, options, decoded(evidence.source));
}

/**
 * {@link answerMap} for those who have made sure of its arguments.
 *
 * @param known what decoding made of the source
 */
export function mapOf(evidence: Evidence, options: MapOptions, known: Decoded<Table>): MapAnswer {
  const { source } = evidence;
  const { device, compat, nrEntries: nr_entries } = options;
  if (device !== undefined) requireDevices(source);
  const { xen, iommu, host, notes, clean } = bootHypervisor(evidence, options);
  if (device !== undefined && xen.release.interface === 'rfc-v7') {
    throw new Failure(
      'no-device-request',
      'The interface of rfc-v7 cannot ask for one device.',
      'Leave --device out, or ask with --xen 4.6 or later.',
      EXIT.usage,
    );
  }
  if (device === undefined) requireListable(evidence, xen);
  const abi = compat ? 'compat' : 'native';
  const request = { abi, nr_entries, ...(device === undefined ? {} : { device }) } as const;
  const result = clean(askRdmMap(xen, options.memory === false ? ALL_REGIONS : request));
  const { table, diagnostics } = known;
  return {
    source,
    host,
    header: table?.header ?? null,
    result,
    // Of a table that is not all there, what is odd may be what was lost.
    diagnostics: [...result.diagnostics, ...(missingFrom(source) === null ? diagnostics : [])],
    waysOut: result.xen.driver === 'amd' ? waysOut(evidence, options) : null,
    iommu,
    vtd: vtdOf({ source, host }, { xen }, options),
    refusedBy: refusedBy(evidence, options),
    notes: [...notes, ...(host?.notes ?? [])],
  };
}

/**
 * The exit status of a map: no where the hypercall fails, or VT-d is off without having been switched off;
 * not known where a part of the table is missing.
 */
export function mapStatus({ source, iommu, result, vtd, refusedBy }: MapAnswer): ExitStatus {
  const off = (iommu === 'on' && vtd === 'disabled') || (refusedBy ?? []).length > 0;
  if (source.kind !== 'table' && off) return EXIT.no;
  if (missingFrom(source) !== null) return EXIT.noTable;
  return result.answer?.rc !== 0 || off ? EXIT.no : EXIT.fine;
}

/** What decoding makes of a source; of a log nothing, and nothing is wrong with that. */
export const decoded = (source: Source): Decoded<Table> =>
  source.kind === 'table'
    ? decodeTable(source.bytes, source.table)
    : { kind: 'DMAR', size: 0, table: null, diagnostics: [] };
