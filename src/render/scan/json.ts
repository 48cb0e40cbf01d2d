import type { Table } from '../../acpi/tables.js';
import type { ScanAnswer } from '../../answers/scan.js';
import type { Failure } from '../../base/failure.js';
import { FORMAT_VERSION, type JsonObject, pathBytes } from '../basics/json.js';
import { sourceToJson } from '../basics/source-json.js';
import { findingToJson } from '../check/json.js';
import { answeredToJson } from '../map/json.js';

/** What the user calls the sources of one run: `{ rack: 'b12' }`. */
export type Labels = Readonly<Record<string, string>>;

/**
 * A table as the JSON Schema `scan` describes a line; what is undefined JSON leaves out.
 *
 * @param path where it was found: its file, or the directory or archive of its host
 */
export const scannedToJson = (path: string, answer: ScanAnswer, labels?: Labels): JsonObject => {
  const { map, table, findings, host } = answer;
  // What is wrong with the bytes stands among the findings.
  const answered = answeredToJson(map, map.result.diagnostics);
  const { model, boot, hypercall, refused_by, entries, ignored, diagnostics, notes } = answered;
  return {
    path,
    path_bytes: pathBytes(path),
    labels,
    source: sourceToJson(map.source),
    host: host === null ? null : { ...host },
    machine: table === null ? null : machineToJson(table),
    model,
    boot,
    hypercall,
    refused_by,
    entries,
    ignored,
    diagnostics,
    notes,
    findings: findings.map(findingToJson),
    format_version: FORMAT_VERSION,
  };
};

/** A file that could not be read, as the JSON Schema `scan` describes a line. */
export const unreadableToJson = (
  path: string,
  { code, message }: Pick<Failure, 'code' | 'message'>,
  labels?: Labels,
): JsonObject => ({
  path,
  path_bytes: pathBytes(path),
  labels,
  error: { code, message },
  format_version: FORMAT_VERSION,
});

/** What a table tells of the machine it is from: its maker, and how many structures of each type it has. */
function machineToJson({ header, structures }: Table): JsonObject {
  const { oemId, oemTableId, oemRevision, creatorId, creatorRevision } = header;
  const counts: Record<string, number> = {};
  for (const { name } of structures) counts[name] = (counts[name] ?? 0) + 1;
  return {
    oemId: oemId.trim(),
    oemTableId: oemTableId.trim(),
    oemRevision,
    creatorId: creatorId.trim(),
    creatorRevision,
    ivInfo: 'ivInfo' in header ? header.ivInfo : undefined,
    hostAddressWidth: 'ivInfo' in header ? undefined : header.hostAddressWidth,
    flags: 'ivInfo' in header ? undefined : header.flags,
    structures: counts,
    structure_counts: Object.entries(counts).map(([name, count]) => ({ name, count })),
  };
}
