import type { Table } from '../../acpi/tables.js';
import type { ScanAnswer } from '../../answers/scan.js';
import type { Failure } from '../../base/failure.js';
import { FORMAT_VERSION, type JsonObject, pathToJson } from '../basics/json.js';
import { sourceToJson } from '../basics/source-json.js';
import { findingToJson } from '../check/json.js';
import { answeredToJson } from '../map/json.js';

/** What the user calls the sources of one run: `{ rack: 'b12' }`. */
export type Labels = Readonly<Record<string, string>>;

/** A key that only labelled lines have. */
const labelsToJson = (labels: Labels | undefined): JsonObject =>
  labels === undefined ? {} : { labels };

/**
 * A table as the JSON Schema `scan` describes a line.
 *
 * @param path where it was found: its file, or the directory or archive of its host
 */
export const scannedToJson = (path: string, answer: ScanAnswer, labels?: Labels): JsonObject => {
  const { map, table, findings, host } = answer;
  // What is wrong with the bytes stands among the findings.
  const answered = answeredToJson(map, map.result.diagnostics);
  return {
    ...pathToJson(path, 'path'),
    ...labelsToJson(labels),
    source: sourceToJson(map.source),
    host: host === null ? null : { ...host },
    machine: table === null ? null : machineToJson(table),
    ...answered,
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
  ...pathToJson(path, 'path'),
  ...labelsToJson(labels),
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
    ...('ivInfo' in header
      ? { ivInfo: header.ivInfo }
      : { hostAddressWidth: header.hostAddressWidth, flags: header.flags }),
    structures: counts,
    structure_counts: Object.entries(counts).map(([name, count]) => ({ name, count })),
  };
}
