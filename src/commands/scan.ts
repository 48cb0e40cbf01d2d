import { availableParallelism } from 'node:os';
import { isatty } from 'node:tty';
import { EXIT, type ExitStatus } from '../base/failure.js';
import { walk } from '../read/walk.js';
import { plural } from '../render/basics/text.js';
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
import { inThreads } from './threads.js';

export interface ScanOptions extends GlobalOptions, ScanLineOptions {}

/** Paths that are read in one go: fewer would be passed to and fro in vain, more would make threads wait. */
const BATCH = 64;

/** Batches below which starting threads takes longer than they save. */
const WORTH_THREADS = 16;

/** `dmar scan`: a line of JSON for each table at and below the paths, in the order of the paths. */
export async function run(paths: string[], options: ScanOptions): Promise<ExitStatus> {
  const total = { tables: 0, unreadable: 0, others: 0 };
  const progress = options.quiet || !isatty(2) ? null : await openProgress(paths);
  for await (const result of scanned(paths, options)) {
    await print(result.lines);
    if (!isRead()) break;
    total.tables += result.tables;
    total.unreadable += result.unreadable;
    total.others += result.others;
    progress?.update(total.tables + total.unreadable + total.others);
  }
  progress?.stop();
  if (!options.quiet) await complain(summary(total));
  return total.tables > 0 ? EXIT.fine : EXIT.noTable;
}

function summary({ tables, unreadable, others }: Omit<BatchResult, 'lines'>): string {
  const parts = [`${plural(tables, 'table')} found`];
  if (unreadable > 0) parts.push(`${plural(unreadable, 'path')} could not be read`);
  if (others > 0) parts.push(`${plural(others, 'other file holds', 'other files hold')} no table`);
  return `dmar: ${parts.join('; ')}.`;
}

/** The results in the order of the paths; threads join in once there is enough to do. */
async function* scanned(paths: readonly string[], options: ScanOptions) {
  const todo = batches(paths);
  const first = take(todo, WORTH_THREADS);
  const threads = availableParallelism();
  if (threads === 1 || first.length < WORTH_THREADS) {
    for (const batch of concat(first, todo)) yield await scanBatch(batch, options);
    return;
  }
  const { color: _, ...lineOptions } = options;
  yield* inThreads<Batch, BatchResult>(concat(first, todo), threads, {
    argv: ['scan', '--thread'],
    workerData: lineOptions,
    divide: (batch) => batch.map((item) => [item]),
    join: joinResults,
    lost: lostBatch,
  });
}

function* batches(paths: readonly string[]): Generator<Batch> {
  let batch: Batch[number][] = [];
  for (const path of paths) {
    for (const item of walk(path)) {
      batch.push(item);
      if (batch.length === BATCH) {
        yield batch;
        batch = [];
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/** The first few of what an iterator gives; it goes on after them. */
function take<T>(iterator: Iterator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const { done, value } = iterator.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

function* concat<T>(...parts: Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}

/** A bar on the terminal of standard error, which knows how many files there are. */
async function openProgress(paths: readonly string[]) {
  const { default: cliProgress } = await import('cli-progress');
  let files = 0;
  for (const batch of batches(paths)) files += batch.length;
  const bar = new cliProgress.SingleBar({
    format: '{bar} {value}/{total} files, {eta_formatted} to go',
    clearOnComplete: true,
  });
  bar.start(files, 0);
  return bar;
}
