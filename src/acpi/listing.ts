import { formatAddress } from '../base/address.js';
import { bytesToHex, hex, hexDigits } from '../base/hex.js';
import { formatHops } from '../base/sbdf.js';
import { bitsOf, type EntryList, type Field, type FlagBits, type Path, placeOf } from './layout.js';
import { byteSum } from './sdt.js';
import {
  type DecodedTable,
  kindOfType,
  layoutOf,
  type ResolvePath,
  type SdtHeader,
  type TableLayout,
} from './table-layout.js';

/** A field as people read it. */
export interface ListedField {
  readonly name: string;
  /** First byte, counted from the start of the table. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
  readonly value: string;
  /** Whether the value is but the field's bytes in hex. */
  readonly raw: boolean;
  /** What the value means; '' where it speaks for itself. */
  readonly meaning: string;
  /** The entries of a field that is a list. */
  readonly entries: readonly ListedPart[];
}

/** A run of fields under a heading. */
export interface ListedPart {
  readonly heading: string;
  readonly offset: number;
  readonly length: number;
  readonly fields: readonly ListedField[];
}

/**
 * A table as a list of all its fields, one part after another: the header, each structure, and what follows
 * the last. Fields come in byte order and leave no byte out.
 *
 * @param bytes what the table was decoded from
 * @param resolve follows paths of several hops over a machine's bridges, as in `tableToJson`
 */
export function* listAs<T extends DecodedTable>(
  layout: TableLayout<T>,
  { header, structures, trailing }: T,
  bytes: Uint8Array,
  resolve?: ResolvePath,
): Generator<ListedPart> {
  const { kinds, noun } = layout;
  yield partOf(
    'Header',
    0,
    listFields(layout.header.fields, header, 0).map((field) =>
      field.name === 'checksum' ? { ...field, meaning: judgeChecksum(header, bytes) } : field,
    ),
  );
  const counts = new Map<string, number>();
  let end = layout.header.fixedLength;
  for (const structure of structures) {
    const { name, type, offset } = structure;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const title = kindOfType(kinds, type)?.title;
    const heading =
      name === 'unknown'
        ? `Unknown, type ${layout.typeWidth === 1 ? hex(type, 2) : type}`
        : `${name} ${count}, ${title}`;
    const entries = (list: EntryList, values: readonly object[]) =>
      values.map((entry) => {
        const { offset: at } = entry as { offset: number };
        const fields = listFields(list.layoutOf(entry).fields, entry, at);
        return partOf(layout.entryHeading(entry, structure, resolve), at, fields);
      });
    const fields = listFields(layoutOf(layout, structure).fields, structure, offset, entries);
    const part = partOf(heading, offset, fields);
    end = offset + part.length;
    yield part;
  }
  if (trailing.length > 0) {
    const field = { name: 'trailing', kind: 'rest', offset: 0, width: 0 } as const;
    yield partOf(`After the last ${noun}`, end, [listField(field, { trailing }, end)]);
  }
}

type ListEntries = (list: EntryList, values: readonly object[]) => ListedPart[];

const partOf = (heading: string, offset: number, fields: readonly ListedField[]): ListedPart => ({
  heading,
  offset,
  length: fields.reduce((sum, field) => sum + field.length, 0),
  fields,
});

function listFields(
  fields: readonly Field[],
  value: object,
  start: number,
  entries?: ListEntries,
): ListedField[] {
  const values = value as Readonly<Record<string, unknown>>;
  const listed: ListedField[] = [];
  let offset = start;
  for (const field of fields) {
    if (field.kind === 'constant' || field.kind === 'position') continue;
    const next = listField(field, values, offset, entries);
    if (next.length > 0 || next.name !== 'trailing') listed.push(next);
    offset += next.length;
  }
  return listed;
}

function listField(
  { name, kind, width, flags = {}, meaning, entries: list }: Field,
  values: Readonly<Record<string, unknown>>,
  offset: number,
  listEntries?: ListEntries,
): ListedField {
  const value = values[name];
  const listed = (length: number, text: string, more: Partial<ListedField> = {}): ListedField => ({
    name,
    offset,
    length,
    value: text,
    raw: more.raw ?? false,
    meaning: more.meaning ?? '',
    entries: more.entries ?? [],
  });
  switch (kind) {
    case 'ascii':
    case 'name':
      return listed((value as string).length, quoteText(value as string));
    case 'bytes':
    case 'rest':
      return listed((value as Uint8Array).length, bytesToHex(value as Uint8Array, ' '), {
        raw: true,
      });
    case 'flags': {
      const number = value as number | bigint;
      return listed(width, hex(number, 2 * width), { meaning: spellFlags(number, width, flags) });
    }
    case 'path': {
      const path = value as Path;
      return listed(2 * path.length, formatHops(path));
    }
    case 'list': {
      const entries = listEntries?.(list as EntryList, value as readonly object[]) ?? [];
      const length = entries.reduce((sum, entry) => sum + entry.length, 0);
      return listed(length, entries.length === 0 ? 'none' : '', { entries });
    }
    default: {
      const text = formatInteger(value as number | bigint);
      return listed(width, text, { meaning: meaning?.(value as never, values) ?? '' });
    }
  }
}

/** Decimal, and hex beside it where that differs; addresses in hex alone. */
function formatInteger(value: number | bigint): string {
  if (typeof value === 'bigint') return formatAddress(value);
  return value < 10 ? `${value}` : `${value} (${hex(value)})`;
}

/** Names of the bits that are set, and numbers in several bits; a bit without a name is reserved. */
function spellFlags(value: number | bigint, width: number, bits: FlagBits): string {
  const parts = new Map(
    Object.entries(bits).map(([name, place]) => [placeOf(place)[0], { name, place }]),
  );
  const set: string[] = [];
  for (let bit = 0; bit < 8 * width; bit++) {
    const part = parts.get(bit);
    const { name, place } = part ?? { name: `reserved bit ${bit}`, place: bit };
    const number = bitsOf(value, { [name]: place }, name);
    const [low, high] = placeOf(place);
    if (number !== 0) set.push(low === high ? name : `${name} ${number}`);
    bit = high;
  }
  return set.length === 0 ? 'none set' : set.join(', ');
}

/** In quotes; bytes that are no printable ASCII character as \xNN. */
const quoteText = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]/g, (char) => `\\x${hexDigits(char.charCodeAt(0), 2)}`)}"`;

function judgeChecksum({ length, checksum }: SdtHeader, bytes: Uint8Array): string {
  if (length > bytes.length) return 'not all bytes that it covers are there';
  const sum = byteSum(bytes, length);
  return sum === 0 ? 'right' : `wrong, ${hex((checksum - sum) & 0xff, 2)} would be right`;
}
