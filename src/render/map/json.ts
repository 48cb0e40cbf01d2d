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

const rcOf = (rc: number | null) => ({ rc, errno: rc === null ? null : errnoName(rc) });

/** The map as the contract for scripts has it: see the JSON Schema `map`. */
export function mapToJson(answer: MapAnswer): JsonObject {
  const { source, result, iommu, diagnostics, notes } = answer;
  const { xen, abi, answer: call } = result;
  return {
    source: sourceToJson(source),
    model: { xen: xen.release.name, abi, iommu },
    boot: {
      ...rcOf(xen.parse_rc),
      vtd: answer.vtd,
      outcome: result.stop?.outcome ?? xen.outcome,
      phase: result.stop?.phase ?? null,
      why: result.stop?.why ?? xen.failure?.message ?? xen.off,
    },
    hypercall: {
      op: 'XENMEM_reserved_device_memory_map',
      subop: 27,
      nr_entries_in: call?.nr_entries_in ?? null,
      ...rcOf(call?.rc ?? null),
      nr_entries: call?.nr_entries ?? null,
    },
    ...(answer.refusedBy === null ? {} : { refused_by: answer.refusedBy }),
    entries: entriesToJson(result),
    ignored: result.missing.map(missingToJson),
    diagnostics: diagnostics.map((diagnostic) => ({ ...diagnostic })),
    notes,
    format_version: FORMAT_VERSION,
  };
}

export const json: Format<MapAnswer> = { document: mapToJson };

/** The entries in the caller's buffer, in order. */
export const entriesToJson = ({ answer }: RdmMapResult): JsonObject[] =>
  (answer?.entries ?? []).map(({ start_pfn, nr_pages, unit }) => ({
    start_pfn: jsonInteger(start_pfn),
    nr_pages: jsonInteger(nr_pages),
    ...boundsOf(start_pfn, nr_pages),
    ...extentOf(start_pfn, nr_pages),
    rmrr: unit.rmrr === null ? null : { ...unit.rmrr },
    origin: originToJson(unit.origin),
    devices: unit.devices.map(({ name }) => name),
  }));

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
