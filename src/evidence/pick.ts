import { SDT_LENGTH, signatureOf, splitSdts } from '../acpi/sdt.js';
import { STRUCTURE_HEADER, type TableName } from '../acpi/table-layout.js';
import { layoutOfTable, TABLE_LAYOUTS, tableOfBytes } from '../acpi/tables.js';
import { formatSize } from '../base/address.js';
import { EXIT, Failure } from '../base/failure.js';
import type { WrittenTable } from './formats/format.js';
import type { Loss } from './logs/log.js';

/** Whether bytes begin as a table does that describes IOMMUs: a DMAR table, also as Xen left one, or an IVRS table. */
export const isIommuTable = (bytes: Uint8Array): boolean => tableOfBytes(bytes) !== null;

/** The tables looked for, in the order in which they are. */
const TABLE_KINDS = TABLE_LAYOUTS.map(({ kind }) => kind);

/** Their names for sentences: `DMAR or IVRS`. */
export const TABLE_NAMES = TABLE_KINDS.join(' or ');

/**
 * The tables in bytes that begin with one. What follows a table of IOMMUs is taken for others only where it is
 * made of whole ones; else it stays with it, for its length may be wrong.
 */
export function tablesOf(bytes: Uint8Array): WrittenTable[] {
  if (!isIommuTable(bytes)) return splitSdts(bytes).map(wholly);
  if (lengthOf(bytes) >= bytes.length) return [wholly(bytes)];
  const tables = splitSdts(bytes);
  const counted = tables.reduce((sum, table) => sum + table.length, 0);
  return tables.length > 1 && counted === bytes.length ? tables.map(wholly) : [wholly(bytes)];
}

/** A table of which there is nothing to say but its bytes. */
const wholly = (bytes: Uint8Array): WrittenTable => ({ bytes, notes: [], losses: [] });

/** A table of a source, and the file that it is from where there are several. */
type NamedTable = WrittenTable & { name?: string };

/** A table picked from a source. */
export interface Picked {
  table: TableName;
  signature: string;
  bytes: Uint8Array;
  notes: string[];
  /** What of it is not there. */
  losses: Loss[];
}

/** Most bytes of a table that are decoded. */
const MAX_TABLE = 5 * 2 ** 20;

/** Most structures of a table that are decoded: what is made of either fits a heap of 2 GiB, a finding for each entry included. */
const MAX_STRUCTURES = 2 ** 19;

/** Files that a note names. */
const MOST_NAMED = 8;

/**
 * Picks the table of the IOMMUs from all the ACPI tables of a source: as Xen does, an IVRS table only where there
 * is no DMAR table.
 *
 * @param tables all tables, whatever they are
 * @param name what messages call the source
 * @param which number among the tables of that name, from 1; left out: the first, with a note of the others
 * @throws Failure where there is none (it names those that are there), not so many, or not even its header
 */
export async function pickTable(
  tables: readonly NamedTable[],
  name: string,
  which?: number,
): Promise<Picked> {
  const kind = TABLE_KINDS.find((one) => tables.some((table) => isOf(one, table)));
  if (kind === undefined) throw await noTableAmong(tables, name);
  const found = tables.filter((table) => isOf(kind, table));
  const table = found[(which ?? 1) - 1];
  if (table === undefined) throw noSuchTable(kind, found.length, name, which);
  const { bytes, notes, losses } = table;
  requireDecodable(bytes, kind, name);
  return {
    table: kind,
    signature: signatureOf(bytes),
    bytes,
    notes:
      found.length > 1 && which === undefined ? [...notes, noteOthers(kind, found, name)] : notes,
    losses: [...losses, ...cutOff(bytes)],
  };
}

const isOf = (kind: TableName, { bytes }: WrittenTable): boolean => tableOfBytes(bytes) === kind;

async function noTableAmong(tables: readonly NamedTable[], name: string): Promise<Failure> {
  const signatures = tables.map(({ bytes }) => signatureOf(bytes));
  const { describeTables } = await import('../acpi/table-names.js');
  if (signatures.includes('IORT')) {
    const { NO_REGIONS_ON_ARM } = await import('./no-table.js');
    return new Failure(
      'no-dmar-arm',
      `${name} holds the IORT table of an Arm machine. ${NO_REGIONS_ON_ARM}`,
    );
  }
  return new Failure(
    'no-dmar',
    `${name} holds no ${TABLE_NAMES} table, but ${describeTables(signatures)}.`,
  );
}

function noSuchTable(kind: TableName, count: number, name: string, which?: number): Failure {
  const there = count === 1 ? `one ${kind} table` : `${count} ${kind} tables`;
  return new Failure(
    'no-such-table',
    `${name} holds ${there}; there is no table ${which}.`,
    undefined,
    EXIT.usage,
  );
}

/** @throws Failure `table-header-truncated` or `too-large` */
function requireDecodable(bytes: Uint8Array, kind: TableName, name: string): void {
  const a = kind === 'DMAR' ? 'a' : 'an';
  const { fixedLength } = layoutOfTable(kind).header;
  if (bytes.length < fixedLength) {
    throw new Failure(
      'table-header-truncated',
      `${name} holds only the first ${bytes.length} bytes of ${a} ${kind} table; its header alone takes ${fixedLength}.`,
    );
  }
  const most = tooMuch(bytes, fixedLength);
  if (most !== null) {
    throw new Failure(
      'too-large',
      `${name} holds ${a} ${kind} table of more than ${most}, the most that is decoded.`,
      'The tables of real machines have a few thousand bytes at most.',
    );
  }
}

/** Tells of the other tables of a name where nobody said which is meant. */
function noteOthers(kind: TableName, found: readonly NamedTable[], name: string): string {
  const others = found.length === 2 ? '--table 2' : `--table 2 to --table ${found.length}`;
  const files = found.flatMap(({ name: file }) => file ?? []);
  const list =
    files.length === 0
      ? ''
      : ` (${files.slice(0, MOST_NAMED).join(', ')}${files.length > MOST_NAMED ? ' …' : ''})`;
  return `${name} holds ${found.length} ${kind} tables${list}; this is the first, ${others} asks for another.`;
}

/** What a table has more of than is decoded; null where it does not. */
function tooMuch(bytes: Uint8Array, headerLength: number): string | null {
  const end = Math.min(lengthOf(bytes), bytes.length);
  if (end > MAX_TABLE) return formatSize(BigInt(MAX_TABLE));
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  let structures = 0;
  let at = headerLength;
  while (at + STRUCTURE_HEADER <= end && structures <= MAX_STRUCTURES) {
    at += Math.max(view.getUint16(at + 2, true), STRUCTURE_HEADER);
    structures++;
  }
  return structures > MAX_STRUCTURES ? `${MAX_STRUCTURES} structures` : null;
}

/** The length in bytes that a table's header claims; 0 where the bytes end before it. */
const lengthOf = (bytes: Uint8Array): number =>
  bytes.length < SDT_LENGTH + 4
    ? 0
    : new DataView(bytes.buffer, bytes.byteOffset).getUint32(SDT_LENGTH, true);

/** Bytes that a table's header claims and that are not there. */
function cutOff(bytes: Uint8Array): Loss[] {
  const { length: present } = bytes;
  const claimed = lengthOf(bytes);
  return claimed > present ? [{ code: 'table-cut', claimed, present }] : [];
}
