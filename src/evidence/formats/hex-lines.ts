import { signatureOf } from '../../acpi/sdt.js';
import { digitsToBytes, hex } from '../../base/hex.js';
import { tooLarge } from '../limit.js';
import type { Loss } from '../logs/log.js';
import type { Text } from '../text.js';
import type { WrittenTable } from './format.js';

/**
 * A way of printing bytes as lines of an offset and hexadecimal pairs.
 *
 * `line` matches a line that matters, with these groups: `offset` and `hex` of a line of bytes; `offset` alone, as
 * the last line of some dumps is; `star` for a line that stands for lines equal to the one before; `title` for a
 * line that begins another dump.
 */
export interface HexDialect {
  readonly line: RegExp;
  /** Whether offsets may be octal or decimal, as od prints them unless told otherwise. */
  readonly anyRadix?: true;
  /** Whether the groups of `hex` are words of several bytes, the lowest one last. */
  readonly words?: true;
}

/** Bytes of the longest words that dumps are made of. */
const LONGEST_WORD = 8;

/** Bytes that come in piece by piece; what each takes does not depend on how many there are. */
class Pile {
  #bytes = new Uint8Array(256);
  length = 0;

  push(bytes: Uint8Array): void {
    const needed = this.length + bytes.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length = needed;
  }

  head(count: number): Uint8Array {
    return this.#bytes.subarray(0, Math.min(count, this.length));
  }

  /** The bytes, and none from then on. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.length);
    this.length = 0;
    return bytes;
  }
}

/** Reads the lines of a text one by one into dumps. */
class DumpReader {
  readonly tables: WrittenTable[] = [];
  /** Bytes that the dumps may still stand for. */
  #left: number;
  #start = 0;
  /** The dump that is coming in. */
  readonly #pile = new Pile();
  #last: Uint8Array = new Uint8Array();
  #squeezed = false;
  #gap: { readonly note: string; readonly loss: Loss } | null = null;

  constructor(readonly limit: number) {
    this.#left = limit;
  }

  /** Ends a dump. */
  finish(): void {
    if (beginsAsTable(this.#pile.head(4))) {
      const bytes = this.#pile.take();
      const gap = this.#gap;
      this.tables.push({
        bytes,
        notes: gap === null ? [] : [gap.note],
        losses: gap === null ? [] : [gap.loss],
      });
    }
    this.#pile.length = 0;
    this.#last = new Uint8Array();
    this.#squeezed = false;
    this.#gap = null;
  }

  /** Takes a line that stands for lines like the last one. */
  star(): void {
    this.#squeezed = this.#last.length > 0;
  }

  /**
   * Takes a line of bytes.
   *
   * @param digits two per byte; none for an offset alone, which is where the dump ends
   */
  line(offset: number, digits: string): void {
    if (this.#squeezed) this.#repeatUpTo(offset);
    this.#squeezed = false;
    if (digits === '') {
      // A last word is filled up with zeros.
      const extra = this.#end - offset;
      if (extra > 0 && extra < LONGEST_WORD && extra <= this.#pile.length) {
        this.#pile.length -= extra;
      }
      return;
    }
    const bytes = digitsToBytes(digits);
    if (offset < this.#end || (offset > this.#end && beginsAsTable(bytes))) this.finish();
    if (this.#pile.length === 0) this.#start = offset;
    else if (offset > this.#end) this.#noteGap(offset);
    if (this.#gap === null) this.#add(bytes);
    this.#last = bytes;
  }

  /** Offset of the byte after those that came in. */
  get #end(): number {
    return this.#start + this.#pile.length;
  }

  #add(bytes: Uint8Array): void {
    this.#left -= bytes.length;
    if (this.#left < 0) throw tooLarge('The hex dump', this.limit);
    this.#pile.push(bytes);
  }

  #repeatUpTo(offset: number): void {
    const missing = offset - this.#end;
    if (missing <= 0 || this.#gap !== null || this.#pile.length === 0) return;
    if (missing > this.#left) throw tooLarge('The hex dump', this.limit);
    const repeated = new Uint8Array(missing);
    for (let at = 0; at < missing; at++)
      repeated[at] = this.#last[at % this.#last.length] as number;
    this.#add(repeated);
  }

  #noteGap(offset: number): void {
    const [first, last] = [this.#end - this.#start, offset - this.#start - 1];
    this.#gap ??= {
      note: `The hex dump lacks the bytes from offset ${hex(first)} to ${hex(last)}; what follows them is left out.`,
      loss: { code: 'gap', first, last },
    };
  }
}

/** Digits of bytes that an offset may have before it counts as one. */
const MOST_OFFSET_DIGITS = 16;

/**
 * Reads all dumps of ACPI tables in a text; a dump ends where a title stands or offsets start anew.
 *
 * @param limit bytes that all dumps together may stand for
 * @throws Failure `too-large`
 */
export function readHexDumps({ lines }: Text, dialect: HexDialect, limit: number): WrittenTable[] {
  const { line: pattern, anyRadix, words } = dialect;
  const reader = new DumpReader(limit);
  const radix = anyRadix ? guessRadix(lines, pattern) : 16;
  for (const line of lines) {
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined) continue;
    const { title, star, offset = '', hex: digits = '' } = groups;
    if (title !== undefined) reader.finish();
    else if (star !== undefined) reader.star();
    else {
      reader.line(
        Number.parseInt(offset.replace('`', '').slice(-MOST_OFFSET_DIGITS), radix),
        words ? bytesOfWords(digits) : digits.replace(/[^0-9a-f]/gi, ''),
      );
    }
  }
  reader.finish();
  return reader.tables;
}

/** Digits byte by byte of words that are printed as numbers. */
const bytesOfWords = (text: string): string =>
  text
    .replace(/0x/gi, '')
    .replace(/[0-9a-f]+/gi, (word) => (word.match(/../g) ?? []).reverse().join(''))
    .replace(/[^0-9a-f]/gi, '');

/** Whether bytes begin with four characters as a table's signature has them. */
export const beginsAsTable = (bytes: Uint8Array): boolean =>
  /^[A-Z][A-Z0-9_! ]{3}/.test(signatureOf(bytes));

/** The radix in which the second line's offset follows the first line's bytes. */
function guessRadix(lines: readonly string[], pattern: RegExp): number {
  const two: { offset: string; count: number }[] = [];
  for (const line of lines) {
    const { offset, hex: digits } = pattern.exec(line)?.groups ?? {};
    if (offset === undefined || digits === undefined) continue;
    two.push({ offset, count: digits.replaceAll(' ', '').length / 2 });
    if (two.length === 2) break;
  }
  const [first, second] = two;
  if (first === undefined || second === undefined) return 16;
  const fits = (radix: number) =>
    Number.parseInt(second.offset, radix) - Number.parseInt(first.offset, radix) === first.count;
  return [16, 8, 10].find(fits) ?? 16;
}
