import type { Diagnostic } from '../../acpi/diagnostic.js';
import type { MapAnswer } from '../../answers/map.js';
import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import { errnoName } from '../../xen/hypercall/errno.js';
import type { MissingRegion, RdmMapResult } from '../../xen/rdm-map.js';
import type { Format } from '../basics/format.js';
import { FORMAT_VERSION, type JsonObject, jsonInteger } from '../basics/json.js';
import { extentOf, originToJson } from '../basics/region-json.js';
import { sourceToJson } from '../basics/source-json.js';

/** First and last byte of a run of pages; wraps like the 64-bit frame arithmetic it came from. */
export const boundsOf = (start_pfn: bigint, nr_pages: bigint) => ({
  base: formatAddress(BigInt.asUintN(64, start_pfn * PAGE_SIZE)),
  limit: formatAddress(BigInt.asUintN(64, (start_pfn + nr_pages) * PAGE_SIZE - 1n)),
});

const errnoOf = (rc: number | null) => (rc === null ? null : errnoName(rc));

/** The map as the contract for scripts has it: see the JSON Schema `map`. */
export const mapToJson = (answer: MapAnswer): JsonObject => ({
  source: sourceToJson(answer.source),
  ...answeredToJson(answer),
  format_version: FORMAT_VERSION,
});

/**
 * What the hypervisor answered, as a map and a line of a scan have it.
 *
 * @param diagnostics those to show; left out: all
 */
export function answeredToJson(
  { result, iommu, vtd, refusedBy, notes, diagnostics: all }: MapAnswer,
  diagnostics: readonly Diagnostic[] = all,
): JsonObject {
  const { xen, abi, stop, answer: call } = result;
  const rc = call?.rc ?? null;
  return {
    model: { xen: xen.release.name, abi, iommu },
    boot: {
      rc: xen.parse_rc,
      errno: errnoOf(xen.parse_rc),
      vtd,
      outcome: stop?.outcome ?? xen.outcome,
      phase: stop?.phase ?? null,
      why: stop?.why ?? xen.failure?.message ?? xen.off,
    },
    hypercall: {
      op: 'XENMEM_reserved_device_memory_map',
      subop: 27,
      nr_entries_in: call?.nr_entries_in ?? null,
      rc,
      errno: errnoOf(rc),
      nr_entries: call?.nr_entries ?? null,
    },
    // Left out where one release was asked.
    refused_by: refusedBy ?? undefined,
    entries: entriesToJson(result),
    ignored: result.missing.map(missingToJson),
    diagnostics: diagnostics.map((diagnostic) => ({ ...diagnostic })),
    notes,
  };
}

export const json: Format<MapAnswer> = { document: mapToJson };

/** The entries in the caller's buffer, in order. */
export const entriesToJson = ({ answer }: RdmMapResult): JsonObject[] =>
  (answer?.entries ?? []).map(({ start_pfn, nr_pages, unit }) => {
    const { base, limit } = boundsOf(start_pfn, nr_pages);
    const { end_pfn, size } = extentOf(start_pfn, nr_pages);
    return {
      start_pfn: jsonInteger(start_pfn),
      nr_pages: jsonInteger(nr_pages),
      base,
      limit,
      end_pfn,
      size,
      rmrr: unit.rmrr === null ? null : { ...unit.rmrr },
      origin: originToJson(unit.origin),
      devices: unit.devices.map(({ name }) => name),
    };
  });

const missingToJson = ({
  rmrr,
  origin,
  base_address,
  end_address,
  reason,
  message,
}: MissingRegion): JsonObject => ({
  rmrr: rmrr === null ? null : { ...rmrr },
  origin: originToJson(origin),
  base: formatAddress(base_address),
  limit: formatAddress(end_address),
  reason,
  message,
});
