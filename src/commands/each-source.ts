import type { Evidence } from '../answers/evidence.js';
import { EXIT, type ExitStatus, Failure, type Unread, worseStatus } from '../base/failure.js';
import { combine } from '../evidence/combine.js';
import { hostOfLog } from '../evidence/host-of-log.js';
import type { Source } from '../evidence/source.js';
import type { Host } from '../machine/host.js';
import { readSource } from '../read/read-source.js';
import { type Candidate, isCollection, type Obstacle, walk } from '../read/walk.js';
import type { Formats } from '../render/basics/format.js';
import type { SourceOptions } from './declarations.js';
import { reportFailure } from './output.js';
import { Printer, type PrintOptions } from './print.js';

/** Whether standard error speaks JSON as well. */
const speaksJson = ({ format }: { format: string }): boolean => /json$/.test(format);

/** Codes of failures that say: this file is something else. Below a directory that is nothing to report. */
const SOMETHING_ELSE: ReadonlySet<string> = new Set([
  'empty',
  'not-a-table',
  'no-dmar',
  'no-acpi-tables',
]);

/** Whether a file that nobody named just holds something else. */
export const isSomethingElse = ({ code }: Pick<Failure, 'code'>): boolean =>
  SOMETHING_ELSE.has(code);

/** What a path stands for: itself, or all there is at and below a directory that is no host. */
function* sourcesAt(
  path: string | undefined,
  { table, whole }: EachOptions,
): Generator<Partial<Candidate> & Partial<Obstacle>> {
  // --table asks for one of a directory's tables.
  if (path === undefined || whole || table !== undefined || !isCollection(path)) {
    yield { path, named: true } as Partial<Candidate>;
  } else yield* walk(path);
}

/** How sources are read. */
interface EachOptions extends SourceOptions {
  /** Whether a directory stands for one source, whatever is in it. */
  whole?: boolean;
  /** Whether each source is a machine of its own, or is to be told from the others. */
  apart?: boolean;
}

/**
 * Answers for each source in turn. One that cannot be read is reported and does not stop the others.
 *
 * @param paths as given on the command line; none means this machine, or the one below `--root`
 * @param failed told of each that cannot be read, for output that must not leave it out
 * @returns the worst exit status of all
 */
export async function eachSource(
  paths: readonly string[],
  options: EachOptions,
  answer: (evidence: Evidence) => Promise<ExitStatus>,
  failed: (unread: Unread) => void = () => {},
): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.fine;
  const fail = async (failure: Failure, path: string) => {
    await reportFailure(failure, speaksJson(options));
    failed({ path, failure });
    status = worseStatus(status, failure.status);
  };
  const { root, table, maxSize, asIs } = options;
  const ask = async (source: Source, isHosts: boolean) => {
    // A host that stands beside a source is not known to have booted with it.
    const own = isHosts || root === undefined;
    try {
      status = worseStatus(status, await answer({ source, host: await hostOf(source), own }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await fail(error, source.path);
    }
  };
  const named: Source[] = [];
  for (const given of paths.length === 0 ? [undefined] : paths) {
    let found = 0;
    for (const item of sourcesAt(given, options)) {
      const { path, obstacle } = item;
      try {
        if (obstacle) throw new Failure(obstacle.code, obstacle.message);
        const source = await readSource({ path, root, table, maxSize, asIs });
        // Those named together may be one machine's evidence.
        if (item.named && paths.length > 1 && !options.whole && !options.apart) named.push(source);
        else await ask(source, path === undefined);
        found++;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (item.named === false && isSomethingElse(error)) continue;
        found++;
        await fail(error, path ?? root ?? '/');
      }
    }
    if (found > 0 || given === undefined) continue;
    const message = `No table was found at or below the directory ${given}.`;
    await fail(new Failure('no-acpi-tables', message, 'Name a file.'), given);
  }
  for (const source of combine(named)) await ask(source, false);
  return status;
}

/**
 * Puts a question to each source in turn, and prints the answers.
 *
 * @param formats those of the answers to this question
 * @param ask answers the question
 * @param judge the exit status that an answer makes; what else is done with an answer is done there
 */
export async function answerEach<A extends { readonly source: Source }>(
  paths: readonly string[],
  options: EachOptions & PrintOptions,
  formats: Formats<A>,
  ask: (evidence: Evidence) => A,
  judge: (answer: A) => ExitStatus | Promise<ExitStatus>,
): Promise<ExitStatus> {
  const printer = await Printer.open(formats, options, ({ source }) => source.path);
  const unread: Unread[] = [];
  const status = await eachSource(
    paths,
    options,
    async (evidence) => {
      const answer = await printer.print(() => ask(evidence));
      return judge(answer);
    },
    (failed) => unread.push(failed),
  );
  await printer.end(paths.length > 1, unread);
  return status;
}

/** What is known of the machine of a source; null where nothing is. */
export async function hostOf(source: Source): Promise<Host | null> {
  const { hostTree, log, path } = source;
  if (hostTree === null) return log && hostOfLog(log, path);
  const { hostOfTree } = await import('../read/host.js');
  return hostOfTree(hostTree);
}
