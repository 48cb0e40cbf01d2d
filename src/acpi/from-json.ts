import { hexToBytes } from '../base/hex.js';
import { printable } from '../base/printable.js';
import { encodeAs, encodeValue } from './encode.js';
import { flagKey } from './json.js';
import { type Field, type Layout, NO_BYTES, placeOf } from './layout.js';
import { byteSum } from './sdt.js';
import {
  type DecodedTable,
  kindOfType,
  type StructureKind,
  type TableLayout,
  type TableStructure,
} from './table-layout.js';

/** Why JSON does not describe a table. */
export interface JsonProblem {
  code: 'json-type' | 'json-missing' | 'json-range' | 'json-unknown-key' | 'json-contradiction';
  /** Where, e.g. `structures[1].deviceScope[0].device`; empty for the whole. */
  path: string;
  /** One sentence for a person. */
  message: string;
}

/** What became of a JSON description of a table. */
export interface FromJson {
  /** null where there were problems. */
  bytes: Uint8Array | null;
  problems: JsonProblem[];
}

/** An object that JSON.parse made. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What people may write of a table beside its fields, and leave out. */
export interface JsonForm {
  /** Fields of the header that are not 0 or blank where they are left out. */
  readonly headerDefaults: JsonObject;
  /** Keys that a structure may have beside those of its fields: what JSON tells of it, and shorter forms. */
  structureKeys(layout: Layout<TableStructure>): readonly string[];
  /** Which of several kinds of one name an object without a type describes. */
  kindOf(source: JsonObject, kinds: readonly StructureKind[]): StructureKind | undefined;
  /** A structure's source with what follows from the shorter forms filled in. */
  complete(reader: JsonReader, name: string, source: JsonObject, path: string): JsonObject;
  /**
   * The entries of a structure's list.
   *
   * @param source the structure's source, completed
   * @param values those of its fields that come before the list
   */
  entries(reader: JsonReader, source: JsonObject, values: JsonObject, path: string): object[];
}

/**
 * The inverse of `tableJson`: the very bytes that it was given, broken tables included. Sources written by
 * hand may say less: what is left out is 0 (texts: padding), but lengths and the checksum are computed; a
 * structure is told by `name` or `type`; flags may be told part by part; integers may be hex strings; `comment`
 * is allowed everywhere and ignored.
 *
 * @param layout which table it is
 * @param form the shorter forms that are the table's own
 * @param json what `JSON.parse` made of the text
 * @param fix whether lengths and checksum are computed even where they are given
 */
export function fromJsonAs<T extends DecodedTable>(
  layout: TableLayout<T>,
  form: JsonForm,
  json: unknown,
  fix: boolean,
): FromJson {
  const reader = new JsonReader(fix);
  const { problems } = reader;
  try {
    const bytes = new TableReader(layout, form, reader).table(json);
    return { bytes: problems.length === 0 ? bytes : null, problems };
  } catch (error) {
    if (error instanceof TooMany) return { bytes: null, problems };
    throw error;
  }
}

const TABLE_KEYS = [
  'header',
  'structures',
  'trailing',
  'source',
  'diagnostics',
  'notes',
  'format_version',
  '$schema',
];

/** Keys that JSON has for a layout's fields: their names, and those of the parts of flags. */
export const keysOf = (fields: readonly Field[]): string[] =>
  fields.flatMap(({ name, flags = {} }) => [name, ...Object.keys(flags).map(flagKey)]);

/** Reads a whole table. */
class TableReader<T extends DecodedTable> {
  constructor(
    readonly layout: TableLayout<T>,
    readonly form: JsonForm,
    readonly reader: JsonReader,
  ) {}

  table(json: unknown): Uint8Array {
    const { layout, form, reader } = this;
    const source = reader.object(json, '', TABLE_KEYS);
    const { header: headerLayout } = layout;
    const given = reader.object(
      source.header === undefined ? {} : source.header,
      'header',
      keysOf(headerLayout.fields),
    );
    const filled = { ...form.headerDefaults, ...given };
    const header = reader.fields(headerLayout.fields, filled, 'header') as unknown as T['header'];
    const structures = reader
      .list(source.structures, 'structures')
      .map((structure, i) => this.#structure(structure, `structures[${i}]`));
    const trailing = reader.bytes(source.trailing, 'trailing');
    if (reader.problems.length > 0) return NO_BYTES;
    const table = { kind: layout.kind, header, structures, trailing } as DecodedTable as T;
    const encoded = () => encodeAs(layout, table);
    if (reader.leftOut(given, 'length')) header.length = encoded().length - trailing.length;
    if (!reader.leftOut(given, 'checksum')) return encoded();
    header.checksum = 0;
    header.checksum = -byteSum(encoded(), header.length) & 0xff;
    return encoded();
  }

  #structure(json: unknown, path: string): TableStructure {
    const { form, reader } = this;
    const before = reader.problems.length;
    const kind = this.#kind(json, path);
    // Which keys it may have hangs on what it is.
    if (reader.problems.length > before) return { type: 0, name: 'unknown', offset: 0, length: 0 };
    const layout: Layout<TableStructure> = kind?.layout ?? this.layout.unknown;
    const name = kind?.name ?? 'unknown';
    const keys = [...keysOf(layout.fields), ...form.structureKeys(layout)];
    const given = reader.object(json, path, keys);
    const source = form.complete(reader, name, { ...given, type: given.type ?? kind?.type }, path);
    const values = reader.fields(layout.fields, source, path, (read) =>
      form.entries(reader, source, read, path),
    );
    const structure = { ...values, name, offset: 0 } as unknown as TableStructure;
    if (reader.leftOut(given, 'length')) {
      if (reader.problems.length > 0) return structure;
      structure.length = encodeValue(layout, structure).length;
      if (structure.length > 0xffff) {
        const message = `The ${this.layout.noun} has ${structure.length} bytes; its length field can tell ${0xffff} at most.`;
        reader.complain('json-range', path, message);
      }
    }
    return structure;
  }

  /** Which structure an object describes, by its `name`, its `type`, or both where they agree. */
  #kind(json: unknown, path: string): StructureKind | undefined {
    const { kinds, noun, typeWidth } = this.layout;
    const { form, reader } = this;
    const { name, type } = (json ?? {}) as JsonObject;
    const number =
      type === undefined ? undefined : Number(reader.integer(type, typeWidth, `${path}.type`));
    const byType = number === undefined ? undefined : kindOfType(kinds, number);
    if (name === undefined || name === 'unknown') {
      if (type === undefined) {
        const at = name === undefined ? path : `${path}.type`;
        const what =
          name === undefined ? `A ${noun} needs a name.` : `An unknown ${noun} needs a type.`;
        reader.complain('json-missing', at, what);
      }
      return name === undefined ? byType : undefined;
    }
    const named = kinds.filter((kind) => kind.name === name);
    if (named.length === 0) {
      const names = [...new Set(kinds.map((kind) => kind.name))].join(', ');
      const message = `There is no ${noun} ${quote(name)}; the names are ${names} and unknown.`;
      reader.complain('json-range', `${path}.name`, message);
    } else if (number !== undefined && !named.some((kind) => kind === byType)) {
      const types = named.map((kind) => kind.type).join(', ');
      const message = `The type of ${name} is ${types}, not ${quote(type)}.`;
      reader.complain('json-contradiction', `${path}.type`, message);
    }
    return byType ?? form.kindOf((json ?? {}) as JsonObject, named) ?? named[0];
  }
}

/** Problems after which reading ends: a source made by a program can have as many as it has values. */
const MOST_PROBLEMS = 1000;

/** Thrown and caught here: there are more problems than anyone reads. */
class TooMany extends Error {}

/** The field that a path such as `structures[0].flags` ends with. */
const lastKey = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** Reads values out of parsed JSON; what it cannot read it notes, and goes on with something harmless. */
export class JsonReader {
  readonly problems: JsonProblem[] = [];

  /** @param fix whether lengths and checksum are computed even where they are given */
  constructor(readonly fix: boolean) {}

  complain(code: JsonProblem['code'], path: string, message: string): undefined {
    this.problems.push({ code, path, message });
    if (this.problems.length === MOST_PROBLEMS) throw new TooMany();
    return undefined;
  }

  /** Whether a length or checksum is to be computed. */
  leftOut(json: JsonObject, key: string): boolean {
    return this.fix || json[key] === undefined;
  }

  /**
   * Every field of a layout, as its encoder takes it.
   *
   * @param entries reads the entries of a field that is a list, told the values before it
   */
  fields(
    fields: readonly Field[],
    json: JsonObject,
    path: string,
    entries: (values: JsonObject) => object[] = () => [],
  ): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const field of fields) {
      values[field.name] = field.kind === 'list' ? entries(values) : this.#field(field, json, path);
    }
    return values;
  }

  #field(field: Field, json: JsonObject, path: string): unknown {
    const value = json[field.name];
    const at = path === '' ? field.name : `${path}.${field.name}`;
    switch (field.kind) {
      case 'constant':
      case 'position':
      case 'list':
        return undefined;
      case 'u8':
      case 'u16':
      case 'u32':
        if (this.fix && field.name === 'length') return 0;
        return value === undefined ? 0 : Number(this.integer(value, field.width, at));
      case 'u64':
        return value === undefined ? this.missing(at) : this.integer(value, field.width, at);
      case 'flags':
        return this.#flags(field, json, at);
      case 'ascii':
        return this.text(value ?? '', at, field.width).padEnd(field.width);
      case 'name':
        return value === undefined ? this.missing(at) : this.text(value, at);
      case 'bytes':
        return value === undefined
          ? new Uint8Array(field.width)
          : this.bytes(value, at, field.width);
      case 'rest':
        return this.bytes(value, at);
      case 'path':
        return this.list(value, at).map((hop, i) => this.#hop(hop, `${at}[${i}]`));
    }
  }

  missing(path: string): undefined {
    return this.complain('json-missing', path, `${lastKey(path)} must be given.`);
  }

  /** A flags field, from its number, from its parts by name, or from both where they agree. */
  #flags(
    { name: field, flags = {}, width }: Field,
    json: JsonObject,
    path: string,
  ): number | bigint {
    const given = json[field];
    let value = given === undefined ? 0n : this.integer(given, width, path);
    for (const [name, place] of Object.entries(flags)) {
      const key = flagKey(name);
      const part = json[key];
      if (part === undefined) continue;
      const at = `${path.slice(0, path.length - field.length)}${key}`;
      const [low, high] = placeOf(place);
      const bits = this.#part(part, high - low + 1, at);
      if (bits === null) continue;
      if (given === undefined) value |= bits << BigInt(low);
      else if (BigInt.asUintN(high - low + 1, value >> BigInt(low)) !== bits) {
        const message = `${key} is ${part}, but ${field} ${value} differ.`;
        this.complain('json-contradiction', at, message);
      }
    }
    return width === 8 ? value : Number(value);
  }

  /** A part of a flags field: true or false for one bit, else an integer; null where it is neither. */
  #part(json: unknown, width: number, path: string): bigint | null {
    if (width === 1) {
      if (typeof json === 'boolean') return json ? 1n : 0n;
      const key = lastKey(path);
      this.complain('json-type', path, `${key} is either true or false.`);
      return null;
    }
    const value = this.integer(json, 8, path);
    if (value < 1n << BigInt(width)) return value;
    this.complain('json-range', path, `${value} does not fit into ${width} bits.`);
    return null;
  }

  #hop(json: unknown, path: string): [number, number] {
    const hop = this.list(json, path);
    if (hop.length !== 2) {
      this.complain('json-type', path, 'A hop is a pair of device and function, e.g. [29, 0].');
    }
    const [device, func] = hop.map((part, i) => Number(this.integer(part, 1, `${path}[${i}]`)));
    return [device ?? 0, func ?? 0];
  }

  /** An integer of so many bytes, from a number or a hex string of any number of digits. */
  integer(json: unknown, width: number, path: string): bigint {
    const hex = typeof json === 'string' && /^0x[0-9a-f]+$/i.test(json);
    if (!hex && !Number.isSafeInteger(json)) {
      const shown = quote(json);
      const message =
        typeof json === 'number'
          ? `${shown} cannot be read exactly; write it as a hex string.`
          : `${shown} is no integer; write a number, or a hex string as in "0x1000".`;
      this.complain('json-type', path, message);
      return 0n;
    }
    const value = BigInt(json as string | number);
    if (value < 0n || value >= 1n << BigInt(8 * width)) {
      const bytes = width === 1 ? 'one byte' : `${width} bytes`;
      this.complain('json-range', path, `${json} does not fit into ${bytes}.`);
      return 0n;
    }
    return value;
  }

  /** Text of one byte a character, at most `width` of them. */
  text(json: unknown, path: string, width = 0xffff): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a table's text may hold any byte.
    if (typeof json !== 'string' || !/^[\x00-\xff]*$/.test(json)) {
      const message = `${quote(json)} is no text of one byte a character.`;
      this.complain('json-type', path, message);
      return '';
    }
    if (json.length > width) {
      const message = `${quote(json)} is longer than ${width} characters.`;
      this.complain('json-range', path, message);
    }
    return json;
  }

  /** Bytes from hex digits, exactly `width` of them where that is given. */
  bytes(json: unknown, path: string, width?: number): Uint8Array {
    if (json === undefined) return NO_BYTES;
    const bytes = typeof json === 'string' ? hexToBytes(json) : null;
    if (bytes === null) {
      this.complain('json-type', path, 'Bytes are written as a string of hex digits, two a byte.');
      return NO_BYTES;
    }
    if (width !== undefined && bytes.length !== width) {
      const message = `Here are ${bytes.length} bytes, but the field has ${width}.`;
      this.complain('json-range', path, message);
    }
    return bytes;
  }

  list(json: unknown, path: string): readonly unknown[] {
    if (Array.isArray(json)) return json;
    if (json === undefined) this.missing(path);
    else this.complain('json-type', path, `${quote(json)} is no list.`);
    return [];
  }

  /** An object without any key but those allowed and `comment`. */
  object(json: unknown, path: string, keys: readonly string[] = []): JsonObject {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      this.complain('json-type', path, 'An object, in braces, belongs here.');
      return {};
    }
    for (const key of Object.keys(json)) {
      if (key === 'comment' || keys.includes(key)) continue;
      const name = /^\w+$/.test(key) ? key : quote(key);
      const at = path === '' ? name : `${path}.${name}`;
      const message = `There is no such key; the keys here are ${keys.join(', ')}.`;
      this.complain('json-unknown-key', at, message);
    }
    return json as JsonObject;
  }
}

/** Characters of a value that a message quotes. */
const MOST_QUOTED = 60;

/** A value as a message shows it: on one line, short, and harmless to a terminal. */
export function quote(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'A list' : 'An object';
  const text = JSON.stringify(value) ?? 'nothing';
  const short = text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text;
  return printable(short);
}
