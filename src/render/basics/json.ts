import { EXIT, Failure } from '../../base/failure.js';
import { bytesToHex } from '../../base/hex.js';
import { bytesOfPath } from '../../base/path.js';

/** A value that JSON can hold; a bigint becomes an integer with all its digits. */
export type Json = string | number | bigint | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Version of the documents' form: keys may be added to it, and a removal makes the next. */
export const FORMAT_VERSION = 1;

/** An integer for JSON: a number where that is exact, else the bigint itself. */
export const jsonInteger = (value: bigint): number | bigint =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

const tooLong = () =>
  new Failure(
    'too-long',
    'The answer is longer than a text can be (512 MiB).',
    'Ask for it line by line, with --format ndjson or csv.',
    EXIT.usage,
  );

/**
 * JSON text ending in a newline.
 *
 * @throws Failure `too-long` where that is more than a string can hold
 * @param indent spaces per level; 0 puts all on one line, as NDJSON needs
 */
export const toJsonText = (value: Json, indent = 2): string => `${jsonText(value, indent)}\n`;

function jsonText(value: Json, indent: number): string {
  try {
    return escaped(JSON.stringify(value, null, indent));
  } catch (error) {
    if (error instanceof RangeError) throw tooLong();
    if (!(error instanceof TypeError)) throw error;
  }
  // Only integers beyond 2^53 get here; all else JSON.stringify writes faster.
  return escaped(written(value, ' '.repeat(indent), '\n'));
}

/** Items from which on a list is written one by one. */
const MANY = 1000;

/** Whether a value is, or holds, a list of many items. */
function isLong(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const items: readonly (Json | undefined)[] = Array.isArray(value) ? value : Object.values(value);
  return (Array.isArray(value) && items.length >= MANY) || items.some(isLong);
}

/**
 * What {@link toJsonText} makes of a value, in pieces: of a long list each item is one, so that nobody needs memory for
 * the whole text.
 *
 * @throws Failure `too-long` where a piece is more than a string can hold
 */
export function* jsonPieces(value: Json): Generator<string> {
  yield* piecesOf(value, '\n');
  yield '\n';
}

/** @param before what stands between two values of the level above */
function* piecesOf(value: Json, before: string): Generator<string> {
  if (!isLong(value)) {
    // No string has a line's end: JSON escapes it.
    yield jsonText(value, 2).replaceAll('\n', before);
    return;
  }
  const line = `${before}  `;
  if (Array.isArray(value)) {
    let lead = `[${line}`;
    for (const item of value as readonly Json[]) {
      yield lead;
      yield* piecesOf(item, line);
      lead = `,${line}`;
    }
    yield `${before}]`;
    return;
  }
  let lead = `{${line}`;
  for (const [key, item] of Object.entries(value as JsonObject)) {
    if (item === undefined) continue;
    yield `${lead}${jsonText(key, 0)}: `;
    yield* piecesOf(item, line);
    lead = `,${line}`;
  }
  yield `${before}}`;
}

/**
 * What JSON.stringify makes of a value, but with integers of any size.
 *
 * @param step what each level is indented by; '' puts all on one line
 * @param before what stands between two values of the level above
 */
function written(value: Json, step: string, before: string): string {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'bigint' ? `${value}` : JSON.stringify(value);
  }
  const line = step === '' ? '' : before + step;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item) => written(item, step, line))
    : Object.entries(value).flatMap(([key, one]) =>
        one === undefined
          ? []
          : [`${JSON.stringify(key)}:${step && ' '}${written(one, step, line)}`],
      );
  const [open, close] = isList ? '[]' : '{}';
  const inside = parts.length === 0 ? '' : line + parts.join(`,${line}`) + (step && before);
  return open + inside + close;
}

/** Characters that JSON may hold as they are, but that a terminal obeys, or that hide. */
const UNSEEN = /[\x7f-\x9f\p{Cf}\u2028\u2029]/gu;

/** An escape of JSON's, or half of a surrogate pair as one: JSON.stringify escapes no other. */
const ESCAPE = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

/**
 * JSON text in which no character does anything but stand there, and that every reader takes for Unicode: half of
 * a surrogate pair, as paths have for bytes that are no UTF-8, becomes U+FFFD. Only strings can hold either.
 */
function escaped(json: string): string {
  const whole = json.includes('\\ud')
    ? json.replace(ESCAPE, (found, half) => (half === undefined ? found : '\ufffd'))
    : json;
  return whole.replace(UNSEEN, unitsOf);
}

/**
 * A path for JSON. Where it is not UTF-8, its bytes in hex stand in a key of their own behind it.
 *
 * @param key what the path's key is called
 */
export function pathToJson<K extends string>(path: string, key: K): Record<K, string> & JsonObject {
  const bytes = pathBytes(path);
  const exact = bytes === undefined ? {} : { [`${key}_bytes`]: bytes };
  return { [key]: path, ...exact } as Record<K, string> & JsonObject;
}

/** The bytes of a path in hex where it is not UTF-8; undefined, which JSON leaves out, where it is. */
export function pathBytes(path: string): string | undefined {
  const bytes = bytesOfPath(path);
  return bytes === null ? undefined : bytesToHex(bytes);
}

const unitsOf = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
