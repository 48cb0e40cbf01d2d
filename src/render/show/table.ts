import type { Diagnostic } from '../../acpi/diagnostic.js';
import type { ListedField, ListedPart } from '../../acpi/listing.js';
import { listTable } from '../../acpi/tables.js';
import type { ShowAnswer } from '../../answers/show.js';
import { bytesToHex, hexDigits } from '../../base/hex.js';
import { oneLine } from '../../base/printable.js';
import type { Format, View } from '../basics/format.js';
import { type Page, remarks } from '../basics/page.js';
import { plural, wrap } from '../basics/text.js';

/** Bytes on one line of the annotated listing. */
const ROW = 8;
/** Columns of the longest field name, and of a 64-bit address. */
const NAME = 19;
const VALUE = 18;
/** From this width on meanings stand below each other. */
const ROOMY = 50;
/** Below this width the columns stand close to each other, so that the longest flag's name fits. */
const TIGHT = 60;
/** Bytes of a run that are shown where the bytes were not asked for. */
const FEW_BYTES = 64;

export const table: Format<ShowAnswer> = { separator: '\n', pieces: renderShow };

/** A table as text for a terminal, part by part, however large it is. */
function* renderShow(answer: ShowAnswer, { page, hex }: View): Generator<string> {
  const { source, table, resolve, notes, diagnostics } = answer;
  const bytes = hex ? source.bytes : null;
  const title = `${oneLine(source.path)}: ${plural(source.bytes.length, 'byte')}, signature ${source.signature}`;
  yield `${wrap(title, page.columns)}\n`;
  for (const part of listTable(table, source.bytes, resolve)) {
    yield `\n${renderPart(part, page, bytes)}`;
  }
  const oddities = renderOddities(notes, diagnostics, page);
  if (oddities !== '') yield `\n${oddities}`;
}

/**
 * One part of a listing as text, ending in a newline: its heading, then a line or more per field.
 *
 * @param bytes the table's, to prefix each field with its offset and bytes; null to leave them out
 */
function renderPart(part: ListedPart, page: Page, bytes: Uint8Array | null): string {
  const { heading, offset, length, fields } = part;
  const title = wrap(`${heading}, ${plural(length, 'byte')} at offset ${offset}`, page.columns);
  const lines = fields.flatMap((field) =>
    bytes === null ? plainField(field, page) : annotatedField(field, page, bytes, 1),
  );
  return `${[page.style.heading(title), ...lines].join('\n')}\n`;
}

/** What is odd about a table, ending in a newline; '' where nothing is. */
function renderOddities(
  notes: readonly string[],
  diagnostics: readonly Diagnostic[],
  page: Page,
): string {
  const text = remarks([...notes.map((message) => ({ message })), ...diagnostics], page);
  return text === '' ? '' : `${text}\n`;
}

/** Name, value and meaning; of a long run of bytes only the first. */
function plainField(field: ListedField, page: Page): string[] {
  const { raw, length, value } = field;
  if (raw && length > FEW_BYTES) {
    const meaning = `and ${length - FEW_BYTES} bytes more; --hex shows all`;
    return plainField({ ...field, length: 0, value: value.slice(0, 3 * FEW_BYTES), meaning }, page);
  }
  return [
    ...describe(field, 1, page.columns),
    ...field.entries.flatMap((e) => plainEntry(e, page)),
  ];
}

/** A device scope in two lines: what it names, then all its fields. */
function plainEntry({ heading, fields }: ListedPart, { columns, style }: Page): string[] {
  const all = fields.map(({ name, value }) => `${name} ${value}`).join(', ');
  const lines = wrap(all, columns - 6).split('\n');
  return [`    ${heading}`, ...lines.map((line) => style.faint(`      ${line}`))];
}

/** The same with offset and bytes in front, and each field of an entry on a line of its own. */
function annotatedField(
  field: ListedField,
  page: Page,
  bytes: Uint8Array,
  depth: number,
): string[] {
  const rows = field.entries.length > 0 ? [] : hexRows(field, bytes);
  const blank = ' '.repeat(hexColumns(bytes));
  const shown = field.raw ? { ...field, value: '' } : field;
  const text = describe(shown, depth, page.columns - blank.length);
  const lines = Array.from({ length: Math.max(rows.length, text.length) }, (_, i) =>
    `${page.style.faint(rows[i] ?? blank)}${text[i] ?? ''}`.trimEnd(),
  );
  const entries = field.entries.flatMap(({ heading, fields }) => [
    `${blank}${'  '.repeat(depth + 1)}${heading}`,
    ...fields.flatMap((inner) => annotatedField(inner, page, bytes, depth + 2)),
  ]);
  return [...lines, ...entries];
}

/** Lines of a field's name, value and meaning, broken to fit. */
function describe(field: ListedField, depth: number, columns: number): string[] {
  const { name, value, meaning } = field;
  const step = columns < TIGHT ? ' ' : '  ';
  const label = `${step.repeat(depth)}${name.padEnd(NAME)}${step}`;
  const room = Math.max(columns - label.length, VALUE);
  const first = room < ROOMY ? value : value.padEnd(VALUE);
  const text = meaning === '' ? value : `${first}  ${meaning}`;
  // Even a long word is broken here: it would push the bytes beside the next field out of line.
  return wrap(text.replace(new RegExp(`\\S{${room}}(?=\\S)`, 'g'), '$& '), room)
    .split('\n')
    .map((line, i) => `${i === 0 ? label : ' '.repeat(label.length)}${line}`.trimEnd());
}

/** Columns of offset and bytes. */
const hexColumns = (bytes: Uint8Array): number => offsetDigits(bytes) + 2 + 3 * ROW;

const offsetDigits = (bytes: Uint8Array): number => Math.max(4, bytes.length.toString(16).length);

function hexRows({ offset, length }: ListedField, bytes: Uint8Array): string[] {
  const rows: string[] = [];
  for (let at = offset; at < offset + length; at += ROW) {
    const row = bytesToHex(bytes.subarray(at, Math.min(at + ROW, offset + length)), ' ');
    const place = hexDigits(at, offsetDigits(bytes));
    rows.push(`${place}  ${row.padEnd(3 * ROW)}`);
  }
  return rows;
}
