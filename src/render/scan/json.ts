import type { DmarTable } from '../../acpi/dmar/decode.js';
import type { Failure } from '../../base/failure.js';
import type { Finding } from '../../check/check.js';
import type { RdmMapResult } from '../../xen/rdm-map.js';
import type { JsonObject } from '../basics/json.js';
import type { SourceJson } from '../basics/source-json.js';
import { findingToJson } from '../check/json.js';
import { mapToJson } from '../map/json.js';

/** What `dmar scan` knows of one table. */
export interface ScannedTable {
  readonly path: string;
  readonly source: SourceJson;
  /** null for a kernel's log, and where not even the header could be decoded. */
  readonly table: DmarTable | null;
  readonly result: RdmMapResult;
  readonly iommu: 'on' | 'off';
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
}

/** A table as the JSON Schema `scan` describes a line. */
export const scannedToJson = (scanned: ScannedTable): JsonObject => {
  const { path, source, table, result, iommu, notes, findings } = scanned;
  return {
    path,
    source,
    machine: table === null ? null : machineToJson(table),
    ...mapToJson(source, result, iommu, notes),
    findings: findings.map(findingToJson),
  };
};

/** A file that could not be read, as the JSON Schema `scan` describes a line. */
export const unreadableToJson = (
  path: string,
  { code, message }: Pick<Failure, 'code' | 'message'>,
): JsonObject => ({
  path,
  error: { code, message },
});

/** What a table tells of the machine it is from: its maker, and how many structures of each type it has. */
function machineToJson({ header, structures }: DmarTable): JsonObject {
  const { oemId, oemTableId, oemRevision, creatorId, creatorRevision } = header;
  const counts: Record<string, number> = {};
  for (const { name } of structures) counts[name] = (counts[name] ?? 0) + 1;
  return {
    oemId: oemId.trim(),
    oemTableId: oemTableId.trim(),
    oemRevision,
    creatorId: creatorId.trim(),
    creatorRevision,
    hostAddressWidth: header.hostAddressWidth,
    flags: header.flags,
    structures: counts,
  };
}
