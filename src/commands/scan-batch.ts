import type { XenOptions } from '../answers/hypervisor.js';
import { answerScan } from '../answers/scan.js';
import { Failure } from '../base/failure.js';
import { readSource } from '../read/read-source.js';
import type { Candidate, Obstacle } from '../read/walk.js';
import { toJsonText } from '../render/basics/json.js';
import { scannedToJson, unreadableToJson } from '../render/scan/json.js';
import { hostOf, isSomethingElse } from './each-source.js';

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
    } else if ('named' in item && !item.named && isSomethingElse(outcome)) result.others++;
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
    return error instanceof Failure ? error : internal(error as Error);
  }
}

/** What is said of a file that the program itself failed on: the others go on. */
const internal = ({ message }: Error): Failure =>
  new Failure('internal', `dmar failed on this file: ${message}.`);

/** What comes of paths that a thread died of. */
export const lostBatch = (batch: Batch, error: Error): BatchResult => ({
  lines: batch.map(({ path }) => toJsonText(unreadableToJson(path, internal(error)), 0)).join(''),
  tables: 0,
  unreadable: batch.length,
  others: 0,
});

/** The results of the parts of a batch as one. */
export function joinResults(parts: readonly BatchResult[]): BatchResult {
  const text = ({ lines }: BatchResult) =>
    typeof lines === 'string' ? lines : new TextDecoder().decode(lines);
  const sum = (count: (part: BatchResult) => number) =>
    parts.reduce((total, part) => total + count(part), 0);
  return {
    lines: parts.map(text).join(''),
    tables: sum(({ tables }) => tables),
    unreadable: sum(({ unreadable }) => unreadable),
    others: sum(({ others }) => others),
  };
}

async function scanFile(path: string, options: ScanLineOptions): Promise<string> {
  const source = await readSource({ path, maxSize: options.maxSize });
  const answer = answerScan({ source, host: await hostOf(source) }, options);
  return toJsonText(scannedToJson(path, answer), 0);
}
