import { EXIT, Failure } from '../../base/failure.js';

/** A value that JSON can hold; a bigint becomes an integer with all its digits. */
export type Json = string | number | bigint | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

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
export async function toJsonText(value: Json, indent = 2): Promise<string> {
  try {
    return `${JSON.stringify(value, null, indent)}\n`;
  } catch (error) {
    if (error instanceof RangeError) throw tooLong();
    if (!(error instanceof TypeError)) throw error;
  }
  // Only integers beyond 2^53 get here; few tables have any, so the library is loaded for those alone.
  const { configure } = await import('safe-stable-stringify');
  const stringify = configure({ bigint: true, deterministic: false });
  return `${stringify(value, null, indent)}\n`;
}

/** Levels down to which a document is taken apart. */
const LEVELS = 5;
/** Items of an array that are made text at once; an array of more is not taken apart further. */
const MANY = 1000;

/**
 * The text of {@link toJsonText} in pieces: that of a large table can be longer than a string may be.
 */
export async function* toJsonPieces(value: Json): AsyncGenerator<string> {
  if (!hasMany(value, LEVELS)) {
    yield toJsonText(value);
    return;
  }
  yield* piecesOf(value, LEVELS, '');
  yield '\n';
}

/** Whether there is an array of many items, so that the text had better be made in pieces. */
const hasMany = (value: Json | undefined, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ((Array.isArray(value) && value.length > MANY) ||
    (levels > 0 && Object.values(value).some((item) => hasMany(item, levels - 1))));

async function* piecesOf(value: Json, levels: number, margin: string): AsyncGenerator<string> {
  if (Array.isArray(value) && value.length > MANY) {
    yield* piecesOfMany(value, margin);
    return;
  }
  const items = levels === 0 ? [] : itemsOf(value);
  if (items.length === 0) {
    yield await textOf(value, margin);
    return;
  }
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  for (const [i, { label, item }] of items.entries()) {
    yield `${i === 0 ? open : ','}\n${margin}  ${label}`;
    yield* piecesOf(item, levels - 1, `${margin}  `);
  }
  yield `\n${margin}${close}`;
}

async function* piecesOfMany(values: readonly Json[], margin: string): AsyncGenerator<string> {
  for (let i = 0; i < values.length; i += MANY) {
    const text = await textOf(values.slice(i, i + MANY), margin);
    // Without its brackets, the latter on a line of its own.
    yield (i === 0 ? '[' : ',') + text.slice(1, text.lastIndexOf('\n'));
  }
  yield `\n${margin}]`;
}

/** A value's text, all its lines but the first behind a margin. */
const textOf = async (value: Json, margin: string): Promise<string> =>
  (await toJsonText(value)).trimEnd().replaceAll('\n', `\n${margin}`);

/** What an array or object holds; nothing for any other value. */
function itemsOf(value: Json): { label: string; item: Json }[] {
  if (Array.isArray(value)) return value.map((item: Json) => ({ label: '', item }));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) =>
    item === undefined ? [] : [{ label: `${JSON.stringify(key)}: `, item }],
  );
}
