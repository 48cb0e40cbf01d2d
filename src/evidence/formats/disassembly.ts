import { dmarHeader } from '../../acpi/dmar/header.js';
import { byteSum } from '../../acpi/sdt.js';
import { STRUCTURE_HEADER } from '../../acpi/table-layout.js';
import { digitsToBytes } from '../../base/hex.js';
import { tooLarge } from '../limit.js';
import type { Loss } from '../logs/log.js';
import type { TextFormat, WrittenTable } from './format.js';
import { beginsAsTable, type HexDialect, readHexDumps } from './hex-lines.js';

/**
 * `[024h 0036   1]           Host Address Width : 26`: offset in hex and in decimal, length (decimal, or hex
 * with an `h` in newer versions), name, value.
 */
const FIELD =
  /^[ \t>]{0,80}\[([0-9a-f]{3,8})h {1,4}\d{1,10} {1,8}([0-9a-f]{1,8}h|\d{1,8})\][^:]{0,80}: (.{0,4096})/i;

/** `    0010: 44 4D 41 52 …  // DMAR…` below `Raw Table Data`, which stands at the end of a listing. */
const RAW: HexDialect = {
  line: /(?<title>^Raw Table Data)|^[ \t>]{0,80}(?<offset>[0-9a-f]{4,8}): {1,3}(?<hex>[0-9a-f]{2}(?: [0-9a-f]{2}){0,15})(?=\s|$)/i,
};

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
  form: 'disassembly',
  read(text, limit) {
    const tables: WrittenTable[] = [];
    let left = limit;
    for (const lines of splitListings(text.lines)) {
      const table = readListing(lines, left);
      // A part that lacks the header is no table; what it says of regions is read as a listing of those.
      if (!beginsAsTable(table.bytes)) continue;
      tables.push(table);
      left -= table.bytes.length;
      if (left < 0) throw tooLarge('The listing', limit);
    }
    return tables;
  },
};

/** The lines of the listings in a text; each begins with the field at offset 0. */
function splitListings(lines: readonly string[]): string[][] {
  const listings: string[][] = [];
  for (const line of lines) {
    if (/^[ \t>]{0,80}\[0{3,8}h {1,4}0{1,10} /i.test(line)) listings.push([]);
    listings.at(-1)?.push(line);
  }
  return listings;
}

/**
 * The fields of a listing, as far as they follow each other; a note where some do not.
 *
 * @param rawLength bytes that the listing shows as raw data
 * @param limit bytes beyond which no field is taken any more
 */
function listFields(
  lines: readonly string[],
  rawLength: number,
  limit: number,
): { fields: Field[]; notes: string[] } {
  const fields: Field[] = [];
  let end = rawLength;
  for (const line of lines) {
    const [, at = '', size = '', value = ''] = FIELD.exec(line) ?? [];
    if (at === '') continue;
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
function readListing(lines: readonly string[], limit: number): WrittenTable {
  const raw = readHexDumps({ lines, numbers: [] }, RAW, limit)[0]?.bytes;
  const { fields, notes } = listFields(lines, raw?.length ?? 0, limit);
  const { bytes, known } = layOut(fields, raw);
  const unread = firstUnread(bytes, known);
  if (unread !== null) return withoutRest(bytes, unread, notes);
  const end = raw === undefined ? endOfStructures(bytes) : bytes.length;
  const table = new Uint8Array(end);
  table.set(bytes);
  const hidden = hiddenBytes(known, end, isName(fields.at(-1)));
  if (hidden === null) return { bytes: table, notes, losses: [] };
  const { count, first, matters } = hidden;
  // What is hidden would be blamed on the checksum.
  fitChecksum(table);
  const note = `The listing does not show ${count} of the table's ${end} bytes, the first at offset ${first}; they are taken as 0, and the checksum shown is made to fit.`;
  return { bytes: table, notes: [...notes, note], losses: matters === null ? [] : [matters] };
}

/** Makes the bytes of a table add up to 0. */
function fitChecksum(table: Uint8Array): void {
  const { checksum } = dmarHeader.at;
  table[checksum] = (table[checksum] as number) - byteSum(table);
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
 * Whether a byte of the header matters to no answer: what tells tables apart, of which a listing shows what can
 * be printed, and what is reserved.
 */
const isIdle = (offset: number): boolean =>
  (offset >= dmarHeader.at.checksum && offset < dmarHeader.at.hostAddressWidth) ||
  (offset >= dmarHeader.at.reserved && offset < dmarHeader.fixedLength);

/**
 * Which bytes a listing hides; null for none.
 *
 * @param end of the table, where bytes that the listing does not reach count as hidden
 * @param named whether it ends with a name, which NULs pad up to the end
 */
function hiddenBytes(known: Uint8Array, end: number, named: boolean) {
  const beyond = named ? 0 : end - known.length;
  const hidden: number[] = [];
  for (const [at, byte] of known.entries()) if (byte === 0) hidden.push(at);
  const count = hidden.length + beyond;
  if (count === 0) return null;
  const grave = hidden.filter((at) => !isIdle(at));
  const first = grave[0] ?? known.length;
  const last = beyond > 0 ? end - 1 : (grave.at(-1) ?? 0);
  const matters: Loss | null = grave.length + beyond === 0 ? null : { code: 'gap', first, last };
  return { count, first: hidden[0] ?? known.length, matters };
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
  fitChecksum(table);
  const note = `The listing ends at offset ${end} of ${length}, with a structure of type ${type} that iasl did not know: what follows is not taken into account, and the length and checksum shown are made to fit.`;
  const losses: Loss[] = [{ code: 'gap', first: end, last: Math.max(end, length - 1) }];
  return { bytes: table, notes: [...before, note], losses };
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
