import { formatAddress } from '../base/address.js';
import { bytesToHex } from '../base/hex.js';
import { bitsOf, type EntryList, type Field, type FlagBits } from './layout.js';
import {
  type DecodedTable,
  type JsonField,
  type JsonFields,
  layoutOf,
  type ResolvePath,
  type TableLayout,
  type TableStructure,
} from './table-layout.js';

/** A table as JSON: every byte of it can be told from this. */
export interface JsonTable {
  readonly header: JsonFields;
  readonly structures: readonly JsonFields[];
  /** Hex digits; left out where nothing follows the last structure. */
  readonly trailing?: string;
}

/**
 * Key under which JSON tells a part of a flags field, e.g. `includePciAll` for INCLUDE_PCI_ALL, `efrSup` for
 * EFRSup: as the specification writes it, but in camel case.
 */
export const flagKey = (name: string): string =>
  /[a-z]/.test(name)
    ? name.replace(/^(?:[A-Z]+(?=[A-Z][a-z]|\d)|[A-Z])/, (capitals) => capitals.toLowerCase())
    : name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/**
 * A decoded table as JSON, in the shape that `dmar show --json` promises: addresses as `0x` and 16 hex
 * digits, runs of bytes as hex digits, flags as their number and bit by bit. Left out is only a `trailing` of no
 * bytes.
 *
 * @param resolve follows paths of several hops over a machine's bridges; without it those keep their path
 *   notation, `0000:00:1c.0/00.0`
 */
export function tableJson<T extends DecodedTable>(
  layout: TableLayout<T>,
  table: T,
  resolve?: ResolvePath,
): JsonTable {
  const { header, structures, trailing } = table;
  return {
    header: fieldsToJson(layout.header.fields, header),
    structures: structures.map((structure) => structureJson(layout, structure, resolve)),
    ...(trailing.length === 0 ? {} : { trailing: bytesToHex(trailing) }),
  };
}

/** One structure in the shape of {@link tableJson}. */
export function structureJson<T extends DecodedTable>(
  layout: TableLayout<T>,
  structure: T['structures'][number],
  resolve?: ResolvePath,
): JsonFields {
  const { fields } = layoutOf(layout, structure);
  const listed = (entries: EntryList, values: readonly object[]) =>
    values.map((entry) => entryToJson(layout, entries, entry, structure, resolve));
  return { ...fieldsToJson(fields, structure, listed), ...layout.structureJson(structure) };
}

function entryToJson<T extends DecodedTable>(
  layout: TableLayout<T>,
  entries: EntryList,
  entry: object,
  structure: TableStructure,
  resolve?: ResolvePath,
): JsonFields {
  const { type, ...fields } = fieldsToJson(entries.layoutOf(entry).fields, entry);
  const { name, more } = layout.entryJson(entry, structure, resolve);
  return { type: type as number, name, ...fields, ...more };
}

function fieldsToJson(
  fields: readonly Field[],
  value: object,
  listed?: (entries: EntryList, values: readonly object[]) => readonly JsonFields[],
): JsonFields {
  const values = value as Readonly<Record<string, unknown>>;
  const json: Record<string, JsonField> = {};
  for (const { name, kind, flags, entries } of fields) {
    const given = values[name];
    if (kind === 'flags') {
      Object.assign(json, flagsToJson(name, given as number | bigint, flags as FlagBits));
    } else if (kind === 'list') {
      json[name] = listed?.(entries as EntryList, given as readonly object[]) ?? [];
    } else if (kind === 'bytes' || kind === 'rest') {
      const bytes = given as Uint8Array;
      if (bytes.length > 0 || name !== 'trailing') json[name] = bytesToHex(bytes);
    } else json[name] = integerToJson(given);
  }
  return json;
}

const integerToJson = (value: unknown): JsonField =>
  typeof value === 'bigint' ? formatAddress(value) : (value as JsonField);

/** The field's number, and each part that has a name: a bit as true or false, several as a number. */
const flagsToJson = (
  field: string,
  value: number | bigint,
  bits: FlagBits,
): Record<string, JsonField> => ({
  [field]: integerToJson(value),
  ...Object.fromEntries(
    Object.entries(bits).map(([name, place]) => {
      const part = bitsOf(value, bits, name);
      return [flagKey(name), typeof place === 'number' ? part === 1 : part];
    }),
  ),
});
