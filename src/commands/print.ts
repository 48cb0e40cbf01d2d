import type { Unread } from '../base/failure.js';
import type { Aside, Format, Formats, View } from '../render/basics/format.js';
import { type JsonObject, toJsonText } from '../render/basics/json.js';
import { PLAIN } from '../render/basics/style.js';
import type { GlobalOptions } from './declarations.js';
import { complain, print } from './output.js';

/** What bears on how answers are printed. */
export interface PrintOptions extends GlobalOptions {
  format: string;
  /** Whether a table's fields have their offset and bytes in front. */
  hex?: boolean;
}

/** Characters of text that are collected before they are written. */
const BATCH = 64 * 1024;

/** Prints the answers to a question, one after the other, in the format that the options name. */
export class Printer<A> {
  /** Answers that something is yet to be made of. */
  readonly #answers: A[] = [];
  #printed = 0;

  private constructor(
    readonly format: Format<A>,
    readonly view: View,
    readonly quiet: boolean,
  ) {}

  static async open<A>(formats: Formats<A>, options: PrintOptions): Promise<Printer<A>> {
    const load = formats[options.format] as Formats<A>[string];
    const format = await load();
    const { quiet = false, hex = false } = options;
    // A document is laid out for no page.
    const page = format.pieces ? await pageOf(options) : { columns: 0, style: PLAIN };
    return new Printer(format, { page, hex }, quiet);
  }

  /** @param path what messages call the source */
  async print(answer: A, path: string): Promise<void> {
    const { heading, separator, pieces, asides, document, ending } = this.format;
    if (document || ending) this.#answers.push(answer);
    if (pieces) {
      await print((this.#printed === 0 ? heading : separator) ?? '');
      await printPieces(pieces(answer, this.view));
    }
    this.#printed++;
    for (const aside of asides?.(answer) ?? []) await this.#say(path, aside);
  }

  async #say(path: string, { severity, message, loud }: Aside): Promise<void> {
    if (this.quiet && !loud) return;
    const marked = severity === undefined ? message : `${severity}: ${message}`;
    await complain(`dmar: ${path}: ${marked}`);
  }

  /**
   * Prints what comes after the last answer.
   *
   * @param asked how many sources were asked for: the documents of several are a list
   */
  async end(asked: number, unread: readonly Unread[]): Promise<void> {
    const { document, ending } = this.format;
    if (ending) await print(ending(this.#answers, unread));
    if (!document) return;
    const documents = this.#answers.map(document);
    if (asked > 1) await print(toJsonText(documents));
    else if (documents.length > 0) await print(toJsonText(documents[0] as JsonObject));
  }
}

async function pageOf(options: GlobalOptions) {
  const terminal = await import('./terminal.js');
  return terminal.pageOf(options);
}

async function printPieces(pieces: Iterable<string | Uint8Array>): Promise<void> {
  let batch = '';
  for (const piece of pieces) {
    if (typeof piece !== 'string') {
      await print(piece);
      continue;
    }
    batch += piece;
    if (batch.length < BATCH) continue;
    await print(batch);
    batch = '';
  }
  await print(batch);
}
