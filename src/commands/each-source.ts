import { EXIT, type ExitStatus, Failure, type Unread } from '../base/failure.js';
import type { Source } from '../evidence/source.js';
import type { Host } from '../machine/host.js';
import { readSource } from '../read/read-source.js';
import type { JsonObject } from '../render/basics/json.js';
import type { SourceOptions } from './declarations.js';
import { printJson, reportFailure } from './output.js';

/** A source that could be read, with what is known of the machine it is about. */
export interface SourceInput {
  readonly source: Source;
  /** null where nothing is known of the machine. */
  readonly host: Host | null;
  /** Place among the sources asked for, from 0. */
  readonly index: number;
}

/** Whether standard error speaks JSON as well. */
export const speaksJson = ({ format }: { format: string }): boolean => /json$/.test(format);

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
  answer: (input: SourceInput) => Promise<ExitStatus>,
  failed: (unread: Unread) => void = () => {},
): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.fine;
  for (const [index, path] of (paths.length === 0 ? [undefined] : paths).entries()) {
    try {
      const { root, table, maxSize } = options;
      const source = await readSource({ path, root, table, maxSize });
      status = worst(status, await answer({ source, host: await hostOf(source), index }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await reportFailure(error, speaksJson(options));
      failed({ path: path ?? options.root ?? '/', failure: error });
      status = worst(status, error.status);
    }
  }
  return status;
}

/** What is known of the machine of a source; null where nothing is. */
export async function hostOf({ hostTree }: Source): Promise<Host | null> {
  if (hostTree === null) return null;
  const { hostOfTree } = await import('../read/host.js');
  return hostOfTree(hostTree);
}

/** Prints documents as JSON: the one alone, or an array where more than one source was asked for. */
export async function printDocuments(
  documents: readonly JsonObject[],
  asked: number,
): Promise<void> {
  const [only] = documents;
  if (asked > 1) await printJson(documents);
  else if (only !== undefined) await printJson(only);
}
