import { DMAR_SIGNATURES, dmarHeader } from '../acpi/dmar/header.js';
import { splitSdts } from '../acpi/sdt.js';
import { EXIT, Failure } from '../base/failure.js';
import type { WrittenTable } from './formats/format.js';
import type { Loss } from './logs/log.js';

/** The four characters a table begins with. */
export const signatureOf = (bytes: Uint8Array): string =>
  String.fromCharCode(...bytes.subarray(0, 4));

/** Whether bytes begin as a DMAR table does, or as Xen left one. */
export const isDmar = (bytes: Uint8Array): boolean =>
  DMAR_SIGNATURES.some(
    (signature) =>
      bytes[0] === signature.charCodeAt(0) &&
      bytes[1] === signature.charCodeAt(1) &&
      bytes[2] === signature.charCodeAt(2) &&
      bytes[3] === signature.charCodeAt(3),
  );

/**
 * The tables in bytes that begin with one. What follows a DMAR table is taken for others only where it is
 * made of whole ones; else it stays with it, for its length may be wrong.
 */
export function tablesOf(bytes: Uint8Array): Uint8Array[] {
  const tables = splitSdts(bytes);
  if (!isDmar(bytes)) return tables;
  const counted = tables.reduce((sum, table) => sum + table.length, 0);
  return tables.length > 1 && counted === bytes.length ? tables : [bytes];
}

/** A DMAR table picked from a source, and how many there were to pick from. */
export interface Picked {
  signature: string;
  bytes: Uint8Array;
  notes: string[];
  /** What of it is not there. */
  losses: Loss[];
}

/** Files that a note names. */
const MOST_NAMED = 8;

/**
 * Picks the DMAR table from all the ACPI tables of a source.
 *
 * @param tables all tables, whatever they are
 * @param name what messages call the source
 * @param which number among the DMAR tables, from 1; left out: the first, with a note of the others
 * @throws Failure where there is none (it names those that are there), not so many, or not even its header
 */
export async function pickDmar(
  tables: readonly (WrittenTable & { name?: string })[],
  name: string,
  which?: number,
): Promise<Picked> {
  const found = tables.filter((table) => isDmar(table.bytes));
  if (found.length === 0) {
    const { describeTables } = await import('../acpi/table-names.js');
    throw new Failure(
      'no-dmar',
      `${name} holds no DMAR table, but ${describeTables(tables.map((table) => signatureOf(table.bytes)))}.`,
    );
  }
  const table = found[(which ?? 1) - 1];
  if (table === undefined) {
    const count = found.length === 1 ? 'one DMAR table' : `${found.length} DMAR tables`;
    throw new Failure(
      'no-such-table',
      `${name} holds ${count}; there is no table ${which}.`,
      undefined,
      EXIT.usage,
    );
  }
  const { bytes } = table;
  if (bytes.length < dmarHeader.fixedLength) {
    throw new Failure(
      'table-header-truncated',
      `${name} holds only the first ${bytes.length} bytes of a DMAR table; its header alone takes ${dmarHeader.fixedLength}.`,
    );
  }
  const notes = [...table.notes];
  if (found.length > 1 && which === undefined) {
    const others = found.length === 2 ? '--table 2' : `--table 2 to --table ${found.length}`;
    const files = found.flatMap(({ name: file }) => file ?? []);
    const list =
      files.length === 0
        ? ''
        : ` (${files.slice(0, MOST_NAMED).join(', ')}${files.length > MOST_NAMED ? ' …' : ''})`;
    notes.push(
      `${name} holds ${found.length} DMAR tables${list}; this is the first, ${others} asks for another.`,
    );
  }
  return {
    signature: signatureOf(bytes),
    bytes,
    notes,
    losses: [...table.losses, ...cutOff(bytes)],
  };
}

/** Bytes that a table's header claims and that are not there. */
function cutOff(bytes: Uint8Array): Loss[] {
  const { length: present } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const claimed = view.getUint32(dmarHeader.at.length, true);
  return claimed > present ? [{ code: 'table-cut', claimed, present }] : [];
}
