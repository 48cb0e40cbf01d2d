import type { XenOptions } from '../answers/hypervisor.js';
import { answerScan } from '../answers/scan.js';
import {
  addSummary,
  emptySummary,
  type ScanSummary,
  summariseUnread,
} from '../answers/scan-summary.js';
import { Failure } from '../base/failure.js';
import { readSource } from '../read/read-source.js';
import type { Candidate, Obstacle } from '../read/walk.js';
import { toJsonText } from '../render/basics/json.js';
import { type Labels, scannedToJson, unreadableToJson } from '../render/scan/json.js';
import { hostOf, isSomethingElse } from './each-source.js';

/** Options that bear on a line; a thread is given them whole. */
export interface ScanLineOptions extends XenOptions {
  maxSize?: number;
  label?: Labels;
  /** Whether counts are wanted instead of lines. */
  summary?: boolean;
}

/** Paths to read, one after the other. */
export type Batch = readonly (Candidate | Obstacle)[];

/** What is said of a path, or of several: lines, or counts. */
interface Said {
  /** NDJSON, in the order of the batch; from a thread as bytes. */
  lines: string | Uint8Array;
  /** null where lines are wanted. */
  summary: ScanSummary | null;
}

/** What is said of a batch, and what it was about. */
export interface BatchResult extends Said {
  tables: number;
  unreadable: number;
  /** Files without a table, and without a line. */
  others: number;
}

/** Reads each path of a batch and answers with a line for each table, and for each that cannot be read. */
export async function scanBatch(batch: Batch, options: ScanLineOptions): Promise<BatchResult> {
  const result = nothing(options);
  for (const item of batch) {
    const { path } = item;
    const outcome = 'obstacle' in item ? item.obstacle : await attempt(path, options);
    if ('lines' in outcome) {
      addSaid(result, outcome);
      result.tables++;
    } else if ('named' in item && !item.named && isSomethingElse(outcome)) result.others++;
    else add(result, unread(path, outcome, options));
  }
  return result;
}

const nothing = ({ summary }: ScanLineOptions): BatchResult => ({
  lines: '',
  summary: summary ? emptySummary() : null,
  tables: 0,
  unreadable: 0,
  others: 0,
});

/** Adds the result of what comes after to one. */
function add(result: BatchResult, more: BatchResult): void {
  addSaid(result, more);
  result.tables += more.tables;
  result.unreadable += more.unreadable;
  result.others += more.others;
}

function addSaid(result: BatchResult, more: Said): void {
  const text = ({ lines }: Said) =>
    typeof lines === 'string' ? lines : new TextDecoder().decode(lines);
  result.lines = text(result) + text(more);
  if (result.summary !== null && more.summary !== null) addSummary(result.summary, more.summary);
}

/** What is said of a path that could not be read. */
function unread(
  path: string,
  why: Pick<Failure, 'code' | 'message'>,
  { label, summary }: ScanLineOptions,
): BatchResult {
  const counts = { tables: 0, unreadable: 1, others: 0 };
  return summary
    ? { lines: '', summary: summariseUnread(path, why.code), ...counts }
    : { lines: toJsonText(unreadableToJson(path, why, label), 0), summary: null, ...counts };
}

/** What is said of a file, or why that is nothing. */
async function attempt(path: string, options: ScanLineOptions): Promise<Said | Failure> {
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
export const lostBatch = (batch: Batch, error: Error, options: ScanLineOptions): BatchResult =>
  joinResults(
    batch.map(({ path }) => unread(path, internal(error), options)),
    options,
  );

/** The results of the parts of a batch as one. */
export function joinResults(parts: readonly BatchResult[], options: ScanLineOptions): BatchResult {
  const result = nothing(options);
  for (const part of parts) add(result, part);
  return result;
}

async function scanFile(path: string, options: ScanLineOptions): Promise<Said> {
  const source = await readSource({ path, maxSize: options.maxSize });
  const evidence = { source, host: await hostOf(source) };
  if (options.summary) {
    const { summarise } = await import('../answers/summarise.js');
    return { lines: '', summary: summarise(evidence, options) };
  }
  const line = scannedToJson(path, answerScan(evidence, options), options.label);
  return { lines: toJsonText(line, 0), summary: null };
}
