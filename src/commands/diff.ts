import { answerDiff, type DiffOptions, diffStatus } from '../answers/diff.js';
import type { Evidence } from '../answers/evidence.js';
import { EXIT, type ExitStatus } from '../base/failure.js';
import { requireTable } from '../evidence/source.js';
import { DIFF_FORMATS } from '../render/diff/formats.js';
import type { SourceOptions } from './declarations.js';
import { eachSource } from './each-source.js';
import { Printer } from './print.js';

export interface DiffCommandOptions extends SourceOptions, DiffOptions {}

/** `dmar diff`: in what two tables differ. */
export async function run(paths: string[], options: DiffCommandOptions): Promise<ExitStatus> {
  const tables: Evidence[] = [];
  const status = await eachSource(
    paths,
    { ...options, whole: true, apart: true },
    async (evidence) => {
      requireTable(evidence.source);
      tables.push(evidence);
      return EXIT.fine;
    },
  );
  const [old, now] = tables;
  // What could not be read has been reported.
  if (old === undefined || now === undefined) return status;
  const printer = await Printer.open(DIFF_FORMATS, options);
  const answer = await printer.print(() => answerDiff(old, now, options));
  await printer.end(false, []);
  return diffStatus(answer, options);
}
