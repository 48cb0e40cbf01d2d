import { digitsToBytes, hex } from '../../base/hex.js';
import { tooLarge } from '../limit.js';
import type { WrittenTable } from './format.js';

/**
 * A way of printing bytes as lines of an offset and hexadecimal pairs.
 *
 * `line` is global and multi-line and matches what matters, with these groups: `offset` and `hex` of a
 * line of bytes; `offset` alone, as the last line of some dumps is; `star` for a line that stands for lines
 * equal to the one before; `title` for a line that begins another dump.
 */
export interface HexDialect {
  line: RegExp;
  /** Whether offsets may be octal or decimal, as od prints them unless told otherwise. */
  anyRadix: boolean;
  /** Whether the groups of `hex` are words of several bytes, the lowest one last. */
  words?: true;
}

/** Bytes of the longest words that dumps are made of. */
const LONGEST_WORD = 8;

/** Reads the lines of a text one by one into dumps. */
class DumpReader {
  readonly tables: WrittenTable[] = [];
  /** Bytes that the dumps may still stand for. */
  #left: number;
  #start = 0;
  /** The dump that is coming in, as hexadecimal digits. */
  #digits = '';
  #last = '';
  #squeezed = false;
  #gap: string | null = null;

  constructor(readonly limit: number) {
    this.#left = limit;
  }

  /** Ends a dump. */
  finish(): void {
    if (beginsAsTable(digitsToBytes(this.#digits.slice(0, 8)))) {
      const bytes = digitsToBytes(this.#digits);
      this.tables.push({ bytes, notes: this.#gap === null ? [] : [this.#gap] });
    }
    this.#digits = '';
    this.#last = '';
    this.#squeezed = false;
    this.#gap = null;
  }

  /** Takes a line that stands for lines like the last one. */
  star(): void {
    this.#squeezed = this.#last !== '';
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
      if (extra > 0 && extra < LONGEST_WORD) this.#digits = this.#digits.slice(0, -2 * extra);
      return;
    }
    if (offset < this.#end) this.finish();
    if (this.#digits === '') this.#start = offset;
    else if (offset > this.#end) this.#noteGap(offset);
    if (this.#gap === null) this.#add(digits);
    this.#last = digits;
  }

  /** Offset of the byte after those that came in. */
  get #end(): number {
    return this.#start + this.#digits.length / 2;
  }

  #add(digits: string): void {
    this.#take(digits.length / 2);
    this.#digits += digits;
  }

  #repeatUpTo(offset: number): void {
    const missing = offset - this.#end;
    if (missing <= 0 || this.#gap !== null) return;
    this.#take(missing);
    const times = Math.ceil((missing * 2) / this.#last.length);
    this.#digits += this.#last.repeat(times).slice(0, missing * 2);
  }

  #take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw tooLarge('The hex dump', this.limit);
  }

  #noteGap(offset: number): void {
    this.#gap ??= `The hex dump lacks the bytes from offset ${hex(this.#end)} to ${hex(offset - 1)}; what follows them is left out.`;
  }
}

/**
 * Reads all dumps of ACPI tables in a text; a dump ends where a title stands or offsets start anew.
 *
 * @param limit bytes that all dumps together may stand for
 * @throws Failure `too-large`
 */
export function readHexDumps(
  text: string,
  { line, anyRadix, words }: HexDialect,
  limit: number,
): WrittenTable[] {
  const reader = new DumpReader(limit);
  const radix = anyRadix ? guessRadix(text, line) : 16;
  for (const { groups = {} } of text.matchAll(line)) {
    const { title, star, offset = '', hex = '' } = groups;
    if (title !== undefined) reader.finish();
    else if (star !== undefined) reader.star();
    else
      reader.line(
        Number.parseInt(offset, radix),
        words ? bytesOfWords(hex) : hex.replace(/ /g, ''),
      );
  }
  reader.finish();
  return reader.tables;
}

/** Digits byte by byte of words that are printed as numbers. */
const bytesOfWords = (hex: string): string =>
  hex
    .replace(/[0-9a-f]+/gi, (word) => (word.match(/../g) ?? []).reverse().join(''))
    .replace(/ /g, '');

/** Whether bytes begin with four characters as a table's signature has them. */
export const beginsAsTable = (bytes: Uint8Array): boolean =>
  /^[A-Z][A-Z0-9_! ]{3}/.test(String.fromCharCode(...bytes.subarray(0, 4)));

/** The radix in which the second line's offset follows the first line's bytes. */
function guessRadix(text: string, line: RegExp): number {
  const two: { offset: string; count: number }[] = [];
  for (const { groups = {} } of text.matchAll(line)) {
    if (groups.offset === undefined || groups.hex === undefined) continue;
    two.push({ offset: groups.offset, count: groups.hex.replaceAll(' ', '').length / 2 });
    if (two.length === 2) break;
  }
  const [first, second] = two;
  if (first === undefined || second === undefined) return 16;
  const fits = (radix: number) =>
    Number.parseInt(second.offset, radix) - Number.parseInt(first.offset, radix) === first.count;
  return [16, 8, 10].find(fits) ?? 16;
}
