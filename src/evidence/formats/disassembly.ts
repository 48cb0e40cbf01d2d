import { dmarHeader } from '../../acpi/dmar/header.js';
import { byteSum } from '../../acpi/sdt.js';
import { STRUCTURE_HEADER } from '../../acpi/table-layout.js';
import { digitsToBytes } from '../../base/hex.js';
import { tooLarge } from '../limit.js';
import type { TextFormat, WrittenTable } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

/**
 * `[024h 0036   1]           Host Address Width : 26`: offset in hex and in decimal, length (decimal, or hex
 * with an `h` in newer versions), name, value.
 */
const FIELD =
  /^[ \t>]*\[([0-9a-f]{3,8})h +\d{1,10} +([0-9a-f]{1,8}h|\d{1,8})\][^:\n]{0,80}: ([^\n]{0,4096})/gim;

/** `    0010: 44 4D 41 52 …  // DMAR…` below `Raw Table Data`, which stands at the end of a listing. */
const RAW: HexDialect = {
  line: /(?<title>^Raw Table Data)|^[ \t>]*(?<offset>[0-9a-f]{4,8}): (?<hex>[0-9a-f]{2}(?: [0-9a-f]{2}){0,15})(?=\s|$)/gim,
  anyRadix: false,
};

const ANY_FIELD = new RegExp(FIELD, 'im');

/** Bytes that a listing may leave out in one place: those of a structure that iasl does not know. */
const MAX_GAP = 0xffff;

/** One field of a listing. */
interface Field {
  offset: number;
  length: number;
  value: string;
}

/** The listing of a data table as `iasl -d` prints it (ACPICA, "Format: [HexOffset DecimalOffset ByteLength]"). */
export const disassembly: TextFormat = {
  detect: (text) => ANY_FIELD.test(text),
  read(text, limit) {
    const tables: WrittenTable[] = [];
    let left = limit;
    for (const listing of splitListings(text)) {
      const table = readListing(listing, left);
      tables.push(table);
      left -= table.bytes.length;
      if (left < 0) throw tooLarge('The listing', limit);
    }
    return { kind: 'table', form: 'disassembly', tables };
  },
};

/** The texts of the listings in a text; each begins with the field at offset 0. */
function splitListings(text: string): string[] {
  const starts = [...text.matchAll(/^[ \t>]*\[0{3,8}h +0+ /gm)].map(({ index }) => index);
  if (starts.length === 0) return [text];
  return starts.map((start, i) => text.slice(start, starts[i + 1]));
}

/**
 * The fields of a listing, as far as they follow each other; a note where some do not.
 *
 * @param rawLength bytes that the listing shows as raw data
 * @param limit bytes beyond which no field is taken any more
 */
function listFields(
  text: string,
  rawLength: number,
  limit: number,
): { fields: Field[]; notes: string[] } {
  const fields: Field[] = [];
  let end = rawLength;
  for (const [, at = '', size = '', value = ''] of text.matchAll(FIELD)) {
    const offset = Number.parseInt(at, 16);
    const length = Number.parseInt(size, size.endsWith('h') ? 16 : 10);
    if (offset + length > end + MAX_GAP || end > limit) {
      const note = `The listing's fields from offset ${offset} on are left out: they do not follow those before.`;
      return { fields, notes: [note] };
    }
    end = Math.max(end, offset + length);
    fields.push({ offset, length, value: value.trim() });
  }
  return { fields, notes: [] };
}

/** Whether a field is an ANDD's name, the one string that may be shorter than its place. */
const isName = (field: Field | undefined): boolean =>
  field?.value.startsWith('"') === true && field.offset >= dmarHeader.fixedLength;

/** @param limit bytes of the listing's table that are made at most, and a few more */
function readListing(text: string, limit: number): WrittenTable {
  const raw = readHexDumps(text, RAW, limit)[0]?.bytes;
  const { fields, notes } = listFields(text, raw?.length ?? 0, limit);
  const { bytes, known } = layOut(fields, raw);
  const unread = firstUnread(bytes, known);
  if (unread !== null) return withoutRest(bytes, unread, notes);
  const end = raw === undefined ? endOfStructures(bytes) : bytes.length;
  const table = new Uint8Array(end);
  table.set(bytes);
  return { bytes: table, notes: [...notes, ...noteHidden(known, end, isName(fields.at(-1)))] };
}

/** The bytes that fields stand for, and which of them are known (1) or not (0). */
function layOut(fields: readonly Field[], raw: Uint8Array | undefined) {
  const shown = fields.reduce(
    (end, { offset, length }) => Math.max(end, offset + length),
    raw?.length ?? 0,
  );
  const bytes = new Uint8Array(shown);
  const known = new Uint8Array(shown);
  if (raw !== undefined) {
    bytes.set(raw);
    known.fill(1, 0, raw.length);
  }
  for (const [i, field] of fields.entries()) {
    const value = fieldBytes(field, raw !== undefined);
    if (value === null) continue;
    bytes.set(value, field.offset);
    // The NULs that pad a name are not listed.
    const padded = isName(field) ? fields[i + 1]?.offset : undefined;
    known.fill(1, field.offset, padded ?? field.offset + field.length);
  }
  return { bytes, known };
}

/**
 * Says which bytes a listing hides.
 *
 * @param end of the table, where bytes that the listing does not reach count as hidden
 * @param named whether it ends with a name, which NULs pad up to the end
 */
function noteHidden(known: Uint8Array, end: number, named: boolean): string[] {
  const within = known.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
  const hidden = within + (named ? 0 : end - known.length);
  if (hidden === 0) return [];
  const first = within > 0 ? known.indexOf(0) : known.length;
  return [
    `The listing does not show ${hidden} of the table's ${end} bytes, the first at offset ${first}; they are taken as 0.`,
  ];
}

/**
 * Offset of the first structure of which a listing shows nothing but type and length, as it does of one that
 * iasl does not know; null where there is none.
 */
function firstUnread(bytes: Uint8Array, known: Uint8Array): number | null {
  const view = new DataView(bytes.buffer);
  for (let at = dmarHeader.fixedLength; at + STRUCTURE_HEADER <= bytes.length; ) {
    const length = view.getUint16(at + 2, true);
    const isNamed = !known.subarray(at, at + STRUCTURE_HEADER).includes(0);
    const isShown = known.subarray(at + STRUCTURE_HEADER, at + length).includes(1);
    if (isNamed && !isShown && length > STRUCTURE_HEADER) return at;
    at += Math.max(length, STRUCTURE_HEADER);
  }
  return null;
}

/**
 * The table up to a structure that iasl did not know: it lists nothing from there on, and made-up bytes would
 * be judged as if they were the firmware's. Length and checksum are made to fit what is left.
 */
function withoutRest(bytes: Uint8Array, end: number, before: readonly string[]): WrittenTable {
  const table = bytes.slice(0, end);
  const view = new DataView(table.buffer);
  const type = new DataView(bytes.buffer).getUint16(end, true);
  const length = view.getUint32(dmarHeader.at.length, true);
  view.setUint32(dmarHeader.at.length, end, true);
  const { checksum } = dmarHeader.at;
  table[checksum] = (table[checksum] as number) - byteSum(table);
  const note = `The listing ends at offset ${end} of ${length}, with a structure of type ${type} that iasl did not know: what follows is not taken into account, and the length and checksum shown are made to fit.`;
  return { bytes: table, notes: [...before, note] };
}

/** Where the structure ends that a listing ends in, given what it shows: iasl leaves out what pads an ANDD's name. */
function endOfStructures(bytes: Uint8Array): number {
  if (bytes.length < dmarHeader.fixedLength) return bytes.length;
  const view = new DataView(bytes.buffer);
  let at = dmarHeader.fixedLength;
  while (at + STRUCTURE_HEADER <= bytes.length) {
    at += Math.max(view.getUint16(at + 2, true), STRUCTURE_HEADER);
  }
  return Math.max(bytes.length, Math.min(at, view.getUint32(dmarHeader.at.length, true)));
}

/** The bytes a field's value stands for; null where they cannot be told from it. */
function fieldBytes({ length, value }: Field, hasRaw: boolean): Uint8Array | null {
  if (value.startsWith('"')) {
    // The listing shows unprintable characters as blanks and nothing after a NUL: raw data are better.
    if (hasRaw) return null;
    const characters = /^"(.*)"/.exec(value)?.[1] ?? value.slice(1);
    return Uint8Array.from(characters.slice(0, length), (character) => character.charCodeAt(0));
  }
  // A path of older versions: `[1F, 07]`.
  const path = value.replace(/^\[([0-9a-f]{2}), ([0-9a-f]{2})\]/i, '$1,$2');
  const list = /^[0-9a-f]{2}(?:[ ,][0-9a-f]{2})+(?=\s|$)/i.exec(path)?.[0];
  if (list !== undefined && (list.length + 1) / 3 === length) {
    return digitsToBytes(list.replace(/[ ,]/g, ''));
  }
  const digits = /^[0-9a-f]+(?=\s|$)/i.exec(value)?.[0];
  return digits?.length === 2 * length ? digitsToBytes(digits).reverse() : null;
}
