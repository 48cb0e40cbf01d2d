import { availableParallelism } from 'node:os';
import { isatty } from 'node:tty';
import { addSummary, emptySummary, releasesAsked } from '../answers/scan-summary.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { pathsIn } from '../read/path-list.js';
import { isSmallFile, walk } from '../read/walk.js';
import { toJsonText } from '../render/basics/json.js';
import { plural } from '../render/basics/text.js';
import { summaryText, summaryToJson } from '../render/scan/summary.js';
import type { GlobalOptions } from './declarations.js';
import { complain, isRead, print } from './output.js';
import {
  type Batch,
  type BatchResult,
  joinResults,
  lostBatch,
  type ScanLineOptions,
  scanBatch,
} from './scan-batch.js';
import { pageOf } from './terminal.js';
import { inThreads } from './threads.js';

export interface ScanOptions extends GlobalOptions, ScanLineOptions {
  /** A list of further paths; `-` is standard input. */
  filesFrom?: string;
  /** Whether the paths of the list end in NUL bytes rather than newlines. */
  null?: boolean;
  /** Whether a summary is JSON. */
  json?: boolean;
}

/** Files that are read in one go: fewer would be passed to and fro in vain, more would make threads wait. */
const BATCH = 64;

/** Files that a host counts as, since a line about one may have megabytes. */
const HOST = 16;

/** Batches below which starting threads takes longer than they save. */
const WORTH_THREADS = 16;

/** `dmar scan`: a line of JSON for each table at and below the paths, in their order, or a summary of all. */
export async function run(paths: string[], options: ScanOptions): Promise<ExitStatus> {
  requirePaths(paths, options);
  const total = { tables: 0, unreadable: 0, others: 0 };
  const summary = emptySummary();
  // A list is read once, so that nobody knows how long it is.
  const isCounted = options.filesFrom === undefined && isatty(2);
  const progress = options.quiet || !isCounted ? null : await openProgress(paths);
  for await (const result of scanned(paths, options)) {
    await print(result.lines);
    if (!isRead()) break;
    if (result.summary !== null) addSummary(summary, result.summary);
    total.tables += result.tables;
    total.unreadable += result.unreadable;
    total.others += result.others;
    progress?.update(total.tables + total.unreadable + total.others);
  }
  progress?.stop();
  if (options.summary) {
    const frame = { releases: releasesAsked(options), labels: options.label };
    await print(
      options.json
        ? toJsonText(summaryToJson(summary, frame))
        : summaryText(summary, frame, await pageOf(options)),
    );
  }
  if (!options.quiet) await complain(closingLine(total));
  return total.tables > 0 ? EXIT.fine : EXIT.noTable;
}

/** @throws Failure, a matter of usage, where there is nothing to read, or standard input is to be two things */
function requirePaths(paths: readonly string[], { filesFrom, null: isNull }: ScanOptions): void {
  const fail = (message: string, hint?: string) => {
    throw new Failure('bad-paths', message, hint, EXIT.usage);
  };
  if (paths.length === 0 && filesFrom === undefined) {
    fail('scan needs a path.', 'Name directories or files, or a list of them with --files-from.');
  }
  if (isNull && filesFrom === undefined)
    fail('--null says how the list of --files-from is written.');
  if (filesFrom === '-' && paths.includes('-')) {
    fail('Standard input cannot be a source and the list of --files-from.');
  }
}

function closingLine({
  tables,
  unreadable,
  others,
}: Pick<BatchResult, 'tables' | 'unreadable' | 'others'>): string {
  const parts = [`${plural(tables, 'table')} found`];
  if (unreadable > 0) parts.push(`${plural(unreadable, 'path')} could not be read`);
  if (others > 0) parts.push(`${plural(others, 'other file holds', 'other files hold')} no table`);
  return `dmar: ${parts.join('; ')}.`;
}

/** The results in the order of the paths; threads join in once there is enough to do. */
async function* scanned(paths: readonly string[], options: ScanOptions) {
  const todo = batches(allPaths(paths, options));
  const first = await take(todo, WORTH_THREADS);
  const threads = availableParallelism() - 1;
  if (threads === 0 || first.length < WORTH_THREADS) {
    for await (const batch of concat(first, todo)) yield await scanBatch(batch, options);
    return;
  }
  const { color: _, ...lineOptions } = options;
  yield* inThreads<Batch, BatchResult>(concat(first, todo), threads, {
    argv: ['scan', '--thread'],
    workerData: lineOptions,
    divide: (batch) => batch.map((item) => [item]),
    join: (parts) => joinResults(parts, options),
    lost: (batch, error) => lostBatch(batch, error, options),
    here: (batch) => (isHarmless(batch) ? scanBatch(batch, options) : null),
  });
}

/** Bytes of a file up to which reading it takes no memory to speak of. */
const SMALL = 64 * 1024;

/** Whether nothing that is read for a batch can take so much memory, or so long, that this thread should not do it. */
const isHarmless = (batch: Batch): boolean =>
  batch.every((item) => 'obstacle' in item || isSmallFile(item.path, SMALL));

/** The paths of the command line, then those of the list. */
async function* allPaths(paths: readonly string[], { filesFrom, null: isNull }: ScanOptions) {
  yield* paths;
  if (filesFrom !== undefined) yield* pathsIn(filesFrom, isNull ? 'nul' : 'newline');
}

async function* batches(
  paths: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<Batch, undefined> {
  let batch: Batch[number][] = [];
  let size = 0;
  for await (const path of paths) {
    for (const item of walk(path)) {
      batch.push(item);
      size += 'isHost' in item ? HOST : 1;
      if (size >= BATCH) {
        yield batch;
        batch = [];
        size = 0;
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/** The first few of what an iterator gives; it goes on after them. */
async function take<T>(iterator: AsyncIterator<T, undefined>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { done, value } = await iterator.next();
    if (done) break;
    taken.push(value as T);
  }
  return taken;
}

async function* concat<T>(first: Iterable<T>, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* rest;
}

/** A bar on the terminal of standard error, which knows how many files there are. */
async function openProgress(paths: readonly string[]) {
  const { default: cliProgress } = await import('cli-progress');
  let files = 0;
  for await (const batch of batches(paths)) files += batch.length;
  const bar = new cliProgress.SingleBar({
    format: '{bar} {value}/{total} files, {eta_formatted} to go',
    clearOnComplete: true,
  });
  bar.start(files, 0);
  return bar;
}
