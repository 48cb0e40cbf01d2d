import { decodeDmar } from '../acpi/dmar/decode.js';
import { Failure } from '../base/failure.js';
import { checkTable } from '../check/check.js';
import { NO_HOST } from '../check/dmar/subject.js';
import type { Source } from '../evidence/source.js';
import { readSource } from '../read/read-source.js';
import type { Candidate, Obstacle } from '../read/walk.js';
import { type JsonObject, toJsonText } from '../render/basics/json.js';
import { sourceToJson } from '../render/basics/source-json.js';
import { scannedToJson, unreadableToJson } from '../render/scan/json.js';
import { askRdmMap } from '../xen/rdm-map.js';
import { hostOf } from './each-source.js';
import { xenInputOf } from './xen-input.js';
import { bootFromOptions, type XenOptions } from './xen-options.js';

/** Options that bear on a line; a thread is given them whole. */
export interface ScanLineOptions extends XenOptions {
  maxSize?: number;
}

/** Paths to read, one after the other. */
export type Batch = readonly (Candidate | Obstacle)[];

/** Lines of a batch, and what they were about. */
export interface BatchResult {
  /** NDJSON, in the order of the batch; from a thread as bytes. */
  lines: string | Uint8Array;
  tables: number;
  unreadable: number;
  /** Files without a table, and without a line. */
  others: number;
}

/** Codes of failures that say: this file is something else. Below a directory that is nothing to report. */
const SOMETHING_ELSE: ReadonlySet<string> = new Set([
  'empty',
  'not-a-table',
  'no-dmar',
  'no-acpi-tables',
]);

/** Reads each path of a batch and answers with a line for each table, and for each that cannot be read. */
export async function scanBatch(
  batch: Batch,
  options: ScanLineOptions,
): Promise<BatchResult & { lines: string }> {
  const result = { lines: '', tables: 0, unreadable: 0, others: 0 };
  for (const item of batch) {
    const { path } = item;
    const outcome = 'obstacle' in item ? item.obstacle : await attempt(path, options);
    if (typeof outcome === 'string') {
      result.lines += outcome;
      result.tables++;
    } else if ('named' in item && !item.named && SOMETHING_ELSE.has(outcome.code)) result.others++;
    else {
      result.lines += toJsonText(unreadableToJson(path, outcome), 0);
      result.unreadable++;
    }
  }
  return result;
}

/** A file's line, or why it has none. */
async function attempt(path: string, options: ScanLineOptions): Promise<string | Failure> {
  try {
    return await scanFile(path, options);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

async function scanFile(path: string, options: ScanLineOptions): Promise<string> {
  const source = await readSource({ path, maxSize: options.maxSize });
  return toJsonText(await scanSource(path, source, options), 0);
}

async function scanSource(
  path: string,
  source: Source,
  options: ScanLineOptions,
): Promise<JsonObject> {
  const host = await hostOf(source);
  const input = await xenInputOf({ source, host, index: 0 });
  const { xen, iommu, notes } = bootFromOptions(input.bytes, input.host, options);
  const decoded =
    source.kind === 'table'
      ? decodeDmar(source.bytes)
      : { kind: 'DMAR' as const, table: null, diagnostics: [] };
  return scannedToJson({
    path,
    source: sourceToJson(source),
    table: decoded.table,
    result: input.clean(askRdmMap(xen, { abi: 'native' })),
    iommu,
    notes: [...input.notes, ...notes],
    findings: checkTable(decoded, host ?? NO_HOST).findings,
  });
}
