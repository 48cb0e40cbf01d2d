import { requireBytes } from '../base/arguments.js';
import { decodeAs } from './decode.js';
import { DMAR, type DmarTable } from './dmar/dmar.js';
import { encodeAs } from './encode.js';
import { IVRS, type IvrsTable } from './ivrs/ivrs.js';
import { type JsonTable, structureJson, tableJson } from './json.js';
import { type ListedPart, listAs } from './listing.js';
import { signatureOf } from './sdt.js';
import type {
  Decoded,
  DecodedTable,
  JsonFields,
  ResolvePath,
  TableLayout,
  TableName,
} from './table-layout.js';

/** Any table that is known, decoded; `kind` tells which. */
export type Table = DmarTable | IvrsTable;

/** The tables that are known, by name. */
const LAYOUTS: Readonly<Record<TableName, TableLayout>> = { DMAR, IVRS };

/** Layouts of all tables that are known, in the order in which a machine's own is looked for. */
export const TABLE_LAYOUTS: readonly TableLayout[] = Object.values(LAYOUTS);

/** The layout of a table, by its name. */
export const layoutOfTable = (kind: TableName): TableLayout => LAYOUTS[kind];

/** The table that a signature stands for, Xen's disguises of it among them; null where it is no known one's. */
export const tableOfSignature = (signature: string): TableName | null =>
  TABLE_LAYOUTS.find(({ signatures }) => signatures.includes(signature))?.kind ?? null;

/** The table that bytes begin with, by their signature; null where it is no known one's. */
export function tableOfBytes(bytes: Uint8Array): TableName | null {
  requireBytes(bytes, 'bytes');
  return tableOfSignature(signatureOf(bytes));
}

/**
 * Decodes a table, whatever the bytes say.
 *
 * @param bytes the table from its signature on; they may be fewer or more than its length field claims
 * @param kind as which table; left out: the one whose signature it has, else as a DMAR table
 */
export const decodeTable = (
  bytes: Uint8Array,
  kind: TableName = tableOfBytes(bytes) ?? 'DMAR',
): Decoded<Table> => decodeAs(LAYOUTS[kind] as unknown as TableLayout<Table>, bytes);

/** The bytes that a table was decoded from, or is to be made of; lengths and checksum as they stand. */
export const encodeTable = (table: DecodedTable): Uint8Array =>
  encodeAs(LAYOUTS[table.kind], table);

/** A decoded table as JSON, in the shape that `dmar show --json` promises. */
export const tableToJson = (table: DecodedTable, resolve?: ResolvePath): JsonTable =>
  tableJson(LAYOUTS[table.kind], table, resolve);

/** One structure of a table in the shape of {@link tableToJson}. */
export const structureToJson = <T extends DecodedTable>(
  kind: T['kind'],
  structure: T['structures'][number],
  resolve?: ResolvePath,
): JsonFields => structureJson(LAYOUTS[kind], structure, resolve);

/** A table as a list of all its fields in byte order, one part after another. */
export function listTable(
  table: DecodedTable,
  bytes: Uint8Array,
  resolve?: ResolvePath,
): Generator<ListedPart> {
  requireBytes(bytes, 'bytes');
  return listAs(LAYOUTS[table.kind], table, bytes, resolve);
}
