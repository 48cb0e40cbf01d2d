import { requireBytes } from '../base/arguments.js';
import { decodeAs } from './decode.js';
import { DMAR, type DmarTable } from './dmar/dmar.js';
import { DMAR_FORM } from './dmar/from-json.js';
import { encodeAs } from './encode.js';
import { type FromJson, fromJsonAs, type JsonForm, type JsonObject } from './from-json.js';
import { IVRS_FORM } from './ivrs/from-json.js';
import { IVRS, type IvrsTable } from './ivrs/ivrs.js';
import { type JsonTable, structureJson, tableJson } from './json.js';
import { type ListedPart, listAs } from './listing.js';
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

/** A table that is known: how it is laid out, and what sources written by hand may say of it. */
interface TableKind {
  readonly layout: TableLayout;
  readonly form: JsonForm;
}

/** The tables that are known, by name. */
const KINDS: Readonly<Record<TableName, TableKind>> = {
  DMAR: { layout: DMAR, form: DMAR_FORM },
  IVRS: { layout: IVRS, form: IVRS_FORM },
};

/** Layouts of all tables that are known, in the order in which a machine's own is looked for. */
export const TABLE_LAYOUTS: readonly TableLayout[] = Object.values(KINDS).map(
  ({ layout }) => layout,
);

/** The layout of a table, by its name. */
export const layoutOfTable = (kind: TableName): TableLayout => KINDS[kind].layout;

/** The table that a signature stands for, Xen's disguises of it among them; null where it is no known one's. */
const tableOfSignature = (signature: string): TableName | null =>
  TABLE_LAYOUTS.find(({ signatures }) => signatures.includes(signature))?.kind ?? null;

/** The table that bytes begin with, by their signature; null where it is no known one's. */
export function tableOfBytes(bytes: Uint8Array): TableName | null {
  requireBytes(bytes, 'bytes');
  return tableOfSignature(String.fromCharCode(...bytes.subarray(0, 4)));
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
): Decoded<Table> => decodeAs(KINDS[kind].layout as unknown as TableLayout<Table>, bytes);

/** The bytes that a table was decoded from, or is to be made of; lengths and checksum as they stand. */
export const encodeTable = (table: DecodedTable): Uint8Array =>
  encodeAs(KINDS[table.kind].layout, table);

/** A decoded table as JSON, in the shape that `dmar show --json` promises. */
export const tableToJson = (table: DecodedTable, resolve?: ResolvePath): JsonTable =>
  tableJson(KINDS[table.kind].layout, table, resolve);

/** One structure of a table in the shape of {@link tableToJson}. */
export const structureToJson = <T extends DecodedTable>(
  kind: T['kind'],
  structure: T['structures'][number],
  resolve?: ResolvePath,
): JsonFields => structureJson(KINDS[kind].layout, structure, resolve);

/** A table as a list of all its fields in byte order, one part after another. */
export function listTable(
  table: DecodedTable,
  bytes: Uint8Array,
  resolve?: ResolvePath,
): Generator<ListedPart> {
  requireBytes(bytes, 'bytes');
  return listAs(KINDS[table.kind].layout, table, bytes, resolve);
}

/**
 * The inverse of {@link tableToJson}, and of shorter sources written by hand; which table it is of its
 * header's signature tells, or the names of its structures.
 *
 * @param json what `JSON.parse` made of the text
 * @param fix whether lengths and checksum are computed even where they are given
 */
export function tableFromJson(json: unknown, { fix = false } = {}): FromJson {
  const { layout, form } = KINDS[tableOfJson(json)];
  return fromJsonAs(layout, form, json, fix);
}

function tableOfJson(json: unknown): TableName {
  const { header, structures } = (json ?? {}) as JsonObject;
  const { signature } = (header ?? {}) as JsonObject;
  const bySignature = typeof signature === 'string' ? tableOfSignature(signature) : null;
  if (bySignature !== null) return bySignature;
  const names = Array.isArray(structures)
    ? structures.map((one) => ((one ?? {}) as JsonObject).name)
    : [];
  const byName = TABLE_LAYOUTS.find(({ kinds }) => kinds.some(({ name }) => names.includes(name)));
  return byName?.kind ?? 'DMAR';
}
