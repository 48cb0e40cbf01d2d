import { formatAddress } from '../../base/address.js';
import { bytesToHex, hex, hexDigits } from '../../base/hex.js';
import { formatHops } from '../../base/sbdf.js';
import type { Field, FlagBits } from '../layout.js';
import { byteSum } from '../sdt.js';
import type { DmarTable } from './decode.js';
import { type DeviceScope, deviceScope, scopeTypeName } from './device-scope.js';
import { dmarHeader } from './header.js';
import { type ResolvePath, scopeDevice } from './json.js';
import { kindOf, type Scoped } from './structures.js';

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
  /** The entries of a field that is a list of device scopes. */
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
export function* listTable(
  { header, structures, trailing }: DmarTable,
  bytes: Uint8Array,
  resolve?: ResolvePath,
): Generator<ListedPart> {
  const fields = listFields(dmarHeader.fields, header, 0, resolve);
  yield {
    heading: 'Header',
    offset: 0,
    length: dmarHeader.fixedLength,
    fields: fields.map((field) =>
      field.name === 'checksum' ? { ...field, meaning: judgeChecksum(header, bytes) } : field,
    ),
  };
  const counts = new Map<string, number>();
  let end = dmarHeader.fixedLength;
  for (const structure of structures) {
    const { title, layout } = kindOf(structure);
    const { name, type, offset } = structure;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const heading = name === 'unknown' ? `Unknown, type ${type}` : `${name} ${count}, ${title}`;
    const part = partOf(heading, offset, listFields(layout.fields, structure, offset, resolve));
    end = offset + part.length;
    yield part;
  }
  if (trailing.length > 0) {
    const field = { name: 'trailing', kind: 'rest', offset: 0, width: 0 } as const;
    yield partOf('After the last structure', end, [listField(field, { trailing }, end)]);
  }
}

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
  resolve?: ResolvePath,
): ListedField[] {
  const values = value as Readonly<Record<string, unknown>>;
  const listed: ListedField[] = [];
  let offset = start;
  for (const field of fields) {
    if (field.kind === 'constant' || field.kind === 'position') continue;
    const next = listField(field, values, offset, resolve);
    if (next.length > 0 || next.name !== 'trailing') listed.push(next);
    offset += next.length;
  }
  return listed;
}

function listField(
  { name, kind, width, flags = {}, meaning }: Field,
  values: Readonly<Record<string, unknown>>,
  offset: number,
  resolve?: ResolvePath,
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
      const byte = value as number;
      return listed(width, hex(byte, 2), { meaning: spellFlags(byte, flags) });
    }
    case 'path': {
      const path = value as DeviceScope['path'];
      return listed(2 * path.length, formatHops(path));
    }
    case 'scopes': {
      const entries = listScopes(values as unknown as Scoped, resolve);
      const length = entries.reduce((sum, entry) => sum + entry.length, 0);
      return listed(length, entries.length === 0 ? 'none' : '', { entries });
    }
    default: {
      const text = formatInteger(value as number | bigint);
      return listed(width, text, { meaning: meaning?.(value as never, values) ?? '' });
    }
  }
}

const listScopes = (structure: Scoped, resolve?: ResolvePath): ListedPart[] =>
  structure.deviceScope.map((scope) => {
    const device = scopeDevice(scope, structure.segment, resolve) ?? 'without a path';
    const heading = `${scopeTypeName(scope.type)} ${device}`;
    return partOf(heading, scope.offset, listFields(deviceScope.fields, scope, scope.offset));
  });

/** Decimal, and hex beside it where that differs; addresses in hex alone. */
function formatInteger(value: number | bigint): string {
  if (typeof value === 'bigint') return formatAddress(value);
  return value < 10 ? `${value}` : `${value} (${hex(value)})`;
}

/** Names of the bits that are set; a bit without a name is reserved. */
function spellFlags(byte: number, bits: FlagBits): string {
  const names = new Map(Object.entries(bits).map(([name, bit]) => [bit, name]));
  const set = Array.from({ length: 8 }, (_, bit) => bit)
    .filter((bit) => ((byte >> bit) & 1) === 1)
    .map((bit) => names.get(bit) ?? `reserved bit ${bit}`);
  return set.length === 0 ? 'none set' : set.join(', ');
}

/** In quotes; bytes that are no printable ASCII character as \xNN. */
const quoteText = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]/g, (char) => `\\x${hexDigits(char.charCodeAt(0), 2)}`)}"`;

function judgeChecksum({ length, checksum }: DmarTable['header'], bytes: Uint8Array): string {
  if (length > bytes.length) return 'not all bytes that it covers are there';
  const sum = byteSum(bytes, length);
  return sum === 0 ? 'right' : `wrong, ${hex((checksum - sum) & 0xff, 2)} would be right`;
}
