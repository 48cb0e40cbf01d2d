import { EXIT, Failure, type Unread } from '../base/failure.js';
import type { Aside, Format, Formats, View } from '../render/basics/format.js';
import { jsonPieces, toJsonText } from '../render/basics/json.js';
import { toTerminal } from '../render/basics/page.js';
import { PLAIN } from '../render/basics/style.js';
import type { GlobalOptions } from './declarations.js';
import { complain, print } from './output.js';
import { hasPager, showText } from './pager.js';
import { isAsciiOnly, pageOf } from './terminal.js';

/** What bears on how answers are printed. */
export interface PrintOptions extends GlobalOptions {
  format: string;
  /** Whether documents are to be on a line each, in no list. */
  jsonLines?: boolean;
  /** Names of the only columns to show. */
  columns?: readonly string[];
  /** false: --no-header. */
  header?: boolean;
  /** Whether a table's fields have their offset and bytes in front. */
  hex?: boolean;
}

/** Characters of text that are collected before they are written. */
const BATCH = 64 * 1024;

/** Prints the answers to a question, one after the other, in the format that the options name. */
export class Printer<A> {
  readonly #started = new Date();
  readonly #seconds: number[] = [];
  /** Answers that something is yet to be made of. */
  readonly #answers: A[] = [];
  /** Text kept for the pager; null where there is none. */
  readonly #paged: string[] | null;

  private constructor(
    readonly format: Format<A>,
    readonly view: View,
    readonly options: PrintOptions,
    readonly pathOf: (answer: A) => string,
    /** What the terminal can show of a text for people. */
    readonly asText: (text: string) => string,
    isPaged: boolean,
  ) {
    this.#paged = isPaged ? [] : null;
  }

  /**
   * @param pathOf what messages call an answer's source
   * @throws Failure `no-such-column` for a column there is none of in the format
   */
  static async open<A>(
    formats: Formats<A>,
    options: PrintOptions,
    pathOf: (answer: A) => string = () => '',
  ): Promise<Printer<A>> {
    const format = await (formats[options.format] as Formats<A>[string])();
    const { hex = false, header = true, columns = null } = options;
    if (columns !== null) requireColumns(columns, format.columns, options.format);
    // A document is laid out for no page.
    const page = format.pieces ? await pageOf(options) : { columns: 0, style: PLAIN };
    return new Printer(
      format,
      { page, hex, columns, header },
      options,
      pathOf,
      await asTextIn(options.format),
      options.format === 'table' && options.pager !== false && (await hasPager()),
    );
  }

  /** Has a question answered, and prints the answer. */
  async print(ask: () => A): Promise<A> {
    const { heading, separator = '', pieces, asides, document, ending } = this.format;
    // Node loads what is behind `performance` at its first use; this it has.
    const begun = process.hrtime();
    const answer = ask();
    if (this.#seconds.length > 0) await this.#put(separator);
    else if (this.view.header && heading) await this.#put(heading(this.view));
    const [seconds, nanoseconds] = process.hrtime(begun);
    this.#seconds.push(seconds + nanoseconds / 1e9);
    if (document && this.options.jsonLines) await print(toJsonText(document(answer), 0));
    else if (document || ending) this.#answers.push(answer);
    if (pieces) await this.#putPieces(pieces(answer, this.view));
    for (const aside of asides?.(answer) ?? []) await this.#say(this.pathOf(answer), aside);
    return answer;
  }

  /** Prints, or keeps for the pager what a person reads on a terminal. */
  async #put(text: string | Uint8Array): Promise<void> {
    if (this.#paged !== null && typeof text === 'string') this.#paged.push(text);
    else await print(text);
  }

  /** Puts pieces of text as {@link toTerminal} makes them fit to be seen, and bytes as they are. */
  async #putPieces(pieces: Iterable<string | Uint8Array>): Promise<void> {
    const { page } = this.view;
    for (const batch of batchesOf(pieces)) {
      await this.#put(typeof batch === 'string' ? toTerminal(this.asText(batch), page) : batch);
    }
  }

  async #say(path: string, { severity, message, loud }: Aside): Promise<void> {
    if (this.options.quiet && !loud) return;
    const marked = severity === undefined ? message : `${severity}: ${message}`;
    await complain(`dmar: ${path}: ${marked}`);
  }

  /**
   * Prints what comes after the last answer.
   *
   * @param several whether several sources were asked for: their documents are a list
   */
  async end(several: boolean, unread: readonly Unread[]): Promise<void> {
    const { document, ending } = this.format;
    const answers = this.#answers;
    if (this.#paged !== null) await showText(this.#paged.join(''));
    if (ending) {
      const [started, seconds] = [this.#started, this.#seconds];
      await print(toTerminal(ending({ answers, unread, started, seconds }), this.view.page));
    }
    if (!document || (answers.length === 0 && (!several || this.options.jsonLines))) return;
    const documents = answers.map(document);
    const [only] = documents;
    const all = several || only === undefined || documents.length > 1 ? documents : only;
    for (const batch of batchesOf(jsonPieces(all))) await print(batch);
  }
}

/** Pieces of text joined to as much as is written at once, in their order; bytes as they are. */
function* batchesOf(pieces: Iterable<string | Uint8Array>): Generator<string | Uint8Array> {
  let batch = '';
  for (const piece of pieces) {
    const isBytes = typeof piece !== 'string';
    if (!isBytes) batch += piece;
    if (batch.length >= BATCH || (isBytes && batch !== '')) {
      yield batch;
      batch = '';
    }
    if (isBytes) yield piece;
  }
  yield batch;
}

function requireColumns(
  columns: readonly string[],
  known: readonly string[] | undefined,
  format: string,
): void {
  if (known === undefined) {
    const message = `The format ${format} has no columns to choose from.`;
    throw new Failure('no-such-column', message, 'CSV has: --format csv.', EXIT.usage);
  }
  const wrong = columns.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  throw new Failure(
    'no-such-column',
    `There is no column ${JSON.stringify(wrong)}.`,
    `There are ${known.join(', ')}.`,
    EXIT.usage,
  );
}

/** Only text for people is drawn; all other formats are UTF-8 whatever the locale. */
async function asTextIn(format: string): Promise<(text: string) => string> {
  const same = (text: string) => text;
  if (format !== 'table') return same;
  if (!isAsciiOnly(process.env)) return same;
  return (await import('../render/basics/ascii.js')).inAscii;
}
