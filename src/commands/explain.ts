import type { Evidence } from '../answers/evidence.js';
import { answerExplain } from '../answers/explain.js';
import { EXIT, type ExitStatus } from '../base/failure.js';
import { EXPLAIN_FORMATS } from '../render/explain/formats.js';
import type { SourceOptions } from './declarations.js';
import { eachSource } from './each-source.js';
import { Printer } from './print.js';

/** A word with a blank in it is a line; any other names a source. */
const isLine = (word: string): boolean => /\s/.test(word.trim());

/** `dmar explain`: what lines of Linux, Xen and toolstacks mean here, and what to do. */
export async function run(words: string[], options: SourceOptions): Promise<ExitStatus> {
  const paths = words.filter((word) => !isLine(word));
  const evidence: Evidence[] = [];
  const named = paths.length > 0 || options.root !== undefined;
  const read: ExitStatus = named
    ? await eachSource(paths, { ...options, apart: true }, async (one) => {
        evidence.push(one);
        return EXIT.fine;
      })
    : EXIT.fine;
  const answer = answerExplain(evidence, words.filter(isLine));
  const printer = await Printer.open(EXPLAIN_FORMATS, options);
  if (answer.explanations.length + answer.unknown.length > 0 || evidence.length > 0) {
    await printer.print(() => answer);
    await printer.end(false, []);
  }
  return answer.explanations.length > 0 && read === EXIT.fine ? EXIT.fine : EXIT.noTable;
}
