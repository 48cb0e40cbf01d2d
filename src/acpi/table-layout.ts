import type { Sbdf } from '../base/sbdf.js';
import type { Diagnostic, Severity } from './diagnostic.js';
import type { Layout } from './layout.js';

/** Names of the tables that are known: the signature each has in its specification. */
export type TableName = 'DMAR' | 'IVRS';

/** A layout's fields as JSON holds them. */
export interface JsonFields {
  readonly [field: string]: JsonField;
}
export type JsonField =
  | string
  | number
  | boolean
  | null
  | readonly JsonFields[]
  | readonly number[][];

/** The header every ACPI table begins with (ACPI specification, "System Description Table Header"). */
export interface SdtHeader {
  signature: string;
  /** Of the whole table in bytes, as the table claims. */
  length: number;
  revision: number;
  checksum: number;
  oemId: string;
  oemTableId: string;
  oemRevision: number;
  creatorId: string;
  creatorRevision: number;
}

/** What every structure of a table has. */
export interface TableStructure {
  name: string;
  type: number;
  /** First byte, counted from the start of the table. */
  offset: number;
  /** In bytes, as the structure claims. */
  length: number;
}

/** A decoded table. Concatenating header, structures and `trailing` gives the bytes it came from. */
export interface DecodedTable<
  N extends TableName = TableName,
  H extends SdtHeader = SdtHeader,
  S extends TableStructure = TableStructure,
> {
  /** Which table this is, whatever its signature says. */
  kind: N;
  header: H;
  structures: S[];
  /** What follows the last structure that could be told apart, inside or beyond the table's length. */
  trailing: Uint8Array;
}

/** What decoding came to. */
export interface Decoded<T extends DecodedTable = DecodedTable> {
  /** As which table the bytes were decoded. */
  kind: T['kind'];
  /** Bytes that there were. */
  size: number;
  /** null where not even the header's bytes are there. */
  table: T | null;
  /** In the order of their offsets within each kind; empty for a table without oddities. */
  diagnostics: Diagnostic[];
}

/** What a structure type's number stands for. */
export interface StructureKind<S extends TableStructure = TableStructure> {
  readonly name: S['name'];
  readonly type: number;
  /** The specification's full name. */
  readonly title: string;
  readonly layout: Layout<S>;
}

/** Tells which function a device scope's path leads to on a machine; null where that cannot be told. */
export type ResolvePath = (
  segment: number,
  startBus: number,
  path: readonly (readonly [device: number, func: number])[],
) => Sbdf | null;

/** How a table is laid out, and what it takes to tell of it. All that is done with any table comes from this. */
export interface TableLayout<T extends DecodedTable = DecodedTable> {
  readonly kind: T['kind'];
  /** Signatures it is found under: firmware's own first, then what Xen hides it from dom0 with. */
  readonly signatures: readonly string[];
  /** What its rules' ids and the decoder's codes about its bytes begin with. */
  readonly codePrefix: string;
  /** What its specification calls a structure. */
  readonly noun: 'structure' | 'block';
  readonly header: Layout<T['header']>;
  /** How bad a wrong checksum is: whether systems warn, or refuse the table. */
  readonly checksumSeverity: Severity;
  /** Width in bytes of a structure's type; its length is always the two bytes at offset 2. */
  readonly typeWidth: 1 | 2;
  /** Known types of structures. */
  readonly kinds: readonly StructureKind<T['structures'][number]>[];
  /** Layout of a structure of any other type, or too short for its own: kept byte for byte. */
  readonly unknown: Layout<T['structures'][number]>;
  /** What JSON says of a structure beside its fields. */
  structureJson(structure: T['structures'][number]): JsonFields;
  /** What JSON says of an entry of a structure's list: its type's name, and what is derived from its fields. */
  entryJson(
    entry: object,
    structure: T['structures'][number],
    resolve?: ResolvePath,
  ): { name: string; more: JsonFields };
  /** What a listing calls an entry. */
  entryHeading(entry: object, structure: T['structures'][number], resolve?: ResolvePath): string;
}

/** Bytes of the `type` and `length` every structure begins with; all that skipped ones need. */
export const STRUCTURE_HEADER = 4;

/** What a structure was, or is to be, read with. */
export function layoutOf<T extends DecodedTable>(
  { kinds, unknown }: TableLayout<T>,
  { name, type }: T['structures'][number],
): Layout<T['structures'][number]> {
  return (name === 'unknown' ? undefined : kindOfType(kinds, type)?.layout) ?? unknown;
}

/** The kind of structure that a type's number stands for. */
export const kindOfType = <S extends TableStructure>(
  kinds: readonly StructureKind<S>[],
  type: number,
): StructureKind<S> | undefined => kinds.find((kind) => kind.type === type);
