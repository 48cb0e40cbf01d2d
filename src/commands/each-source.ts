import type { Evidence } from '../answers/evidence.js';
import { EXIT, type ExitStatus, Failure, type Unread } from '../base/failure.js';
import type { Source } from '../evidence/source.js';
import type { Host } from '../machine/host.js';
import { readSource } from '../read/read-source.js';
import type { Formats } from '../render/basics/format.js';
import type { SourceOptions } from './declarations.js';
import { reportFailure } from './output.js';
import { Printer, type PrintOptions } from './print.js';

/** Whether standard error speaks JSON as well. */
const speaksJson = ({ format }: { format: string }): boolean => /json$/.test(format);

const worst = (a: ExitStatus, b: ExitStatus): ExitStatus => (a > b ? a : b);

/**
 * Answers for each source in turn. One that cannot be read is reported and does not stop the others.
 *
 * @param paths as given on the command line; none means this machine, or the one below `--root`
 * @param failed told of each that cannot be read, for output that must not leave it out
 * @returns the worst exit status of all
 */
export async function eachSource(
  paths: readonly string[],
  options: SourceOptions,
  answer: (evidence: Evidence) => Promise<ExitStatus>,
  failed: (unread: Unread) => void = () => {},
): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.fine;
  for (const path of paths.length === 0 ? [undefined] : paths) {
    try {
      const { root, table, maxSize } = options;
      const source = await readSource({ path, root, table, maxSize });
      // A host that stands beside a source is not known to have booted with it.
      const own = path === undefined || root === undefined;
      status = worst(status, await answer({ source, host: await hostOf(source), own }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await reportFailure(error, speaksJson(options));
      failed({ path: path ?? options.root ?? '/', failure: error });
      status = worst(status, error.status);
    }
  }
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
  options: SourceOptions & PrintOptions,
  formats: Formats<A>,
  ask: (evidence: Evidence) => A,
  judge: (answer: A) => ExitStatus | Promise<ExitStatus>,
): Promise<ExitStatus> {
  const printer = await Printer.open(formats, options);
  const unread: Unread[] = [];
  const status = await eachSource(
    paths,
    options,
    async (evidence) => {
      const answer = ask(evidence);
      await printer.print(answer, answer.source.path);
      return judge(answer);
    },
    (failed) => unread.push(failed),
  );
  await printer.end(paths.length, unread);
  return status;
}

/** What is known of the machine of a source; null where nothing is. */
export async function hostOf({ hostTree }: Source): Promise<Host | null> {
  if (hostTree === null) return null;
  const { hostOfTree } = await import('../read/host.js');
  return hostOfTree(hostTree);
}
