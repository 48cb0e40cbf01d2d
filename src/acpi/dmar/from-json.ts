import { hexToBytes } from '../../base/hex.js';
import { printable } from '../../base/printable.js';
import { formatPath, parsePath, type ScopePath } from '../../base/sbdf.js';
import { encodeValue, type NestedLayout } from '../encode.js';
import { type Field, NO_BYTES } from '../layout.js';
import { byteSum } from '../sdt.js';
import type { DmarTable } from './decode.js';
import { deviceScope, SCOPE_ENDPOINT, SCOPE_TYPE_NAMES, scopeTypeName } from './device-scope.js';
import { encodeDmar, encodeStructure } from './encode.js';
import { type DmarHeader, dmarHeader } from './header.js';
import { flagKey } from './json.js';
import { STRUCTURE_KINDS, type Structure, type StructureKind, UNKNOWN_KIND } from './structures.js';

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

/**
 * The inverse of `tableToJson`: the very bytes that it was given, broken tables included. Sources written by
 * hand may say less: what is left out is 0 (texts: padding), but lengths and the checksum are computed; a
 * structure is told by `name` or `type`; `devices` may stand for `deviceScope` and list plain addresses;
 * flags may be told bit by bit; integers may be hex strings; `comment` is allowed everywhere and ignored.
 *
 * @param json what `JSON.parse` made of the text
 * @param fix whether lengths and checksum are computed even where they are given
 */
export function tableFromJson(json: unknown, { fix = false } = {}): FromJson {
  const reader = new JsonReader(fix);
  const bytes = reader.table(json);
  return { bytes: reader.problems.length === 0 ? bytes : null, problems: reader.problems };
}

type JsonObject = Readonly<Record<string, unknown>>;

const HEADER_DEFAULTS = { signature: 'DMAR', revision: 1, hostAddressWidth: 0x26 };
const TABLE_KEYS = [
  'header',
  'structures',
  'trailing',
  'source',
  'diagnostics',
  'notes',
  '$schema',
];
const KNOWN_SCOPE_TYPES = Object.entries(SCOPE_TYPE_NAMES);

/** Keys that `tableToJson` derives from a layout's fields, beside the fields' own. */
const keysOf = (fields: readonly Field[]): string[] =>
  fields.flatMap(({ name, flags = {} }) => [name, ...Object.keys(flags).map(flagKey)]);

const HEADER_KEYS = keysOf(dmarHeader.fields);
const SCOPE_KEYS = [...keysOf(deviceScope.fields), 'name', 'device'];
const STRUCTURE_KEYS = new Map(
  [...STRUCTURE_KINDS, UNKNOWN_KIND].map((kind) => [
    kind,
    [...keysOf(kind.layout.fields), ...(takesScopes(kind) ? ['devices'] : [])],
  ]),
);

function takesScopes({ layout }: StructureKind): boolean {
  return layout.fields.some(({ kind }) => kind === 'scopes');
}

/** Stands for a structure of which it is not known what it is. */
const NO_STRUCTURE: Structure = { type: 0, name: 'unknown', offset: 0, length: 0, data: NO_BYTES };

/** Reads values out of parsed JSON; what it cannot read it notes, and goes on with something harmless. */
class JsonReader {
  readonly problems: JsonProblem[] = [];

  constructor(readonly fix: boolean) {}

  #complain(code: JsonProblem['code'], path: string, message: string): undefined {
    this.problems.push({ code, path, message });
    return undefined;
  }

  table(json: unknown): Uint8Array {
    const source = this.#object(json, '', TABLE_KEYS);
    const given = this.#object(source.header ?? {}, 'header', HEADER_KEYS);
    const header = this.#fields(
      dmarHeader.fields,
      { ...HEADER_DEFAULTS, ...given },
      'header',
    ) as unknown as DmarHeader;
    const structures = this.#list(source.structures, 'structures').map((structure, i) =>
      this.#structure(structure, `structures[${i}]`),
    );
    const trailing = this.#bytes(source.trailing, 'trailing');
    const table: DmarTable = { header, structures, trailing };
    if (this.problems.length > 0) return NO_BYTES;
    if (this.#leftOut(given, 'length')) header.length = encodeDmar(table).length - trailing.length;
    if (!this.#leftOut(given, 'checksum')) return encodeDmar(table);
    header.checksum = 0;
    header.checksum = -byteSum(encodeDmar(table), header.length) & 0xff;
    return encodeDmar(table);
  }

  /** Whether a length or checksum is to be computed. */
  #leftOut(json: JsonObject, key: string): boolean {
    return this.fix || json[key] === undefined;
  }

  #structure(json: unknown, path: string): Structure {
    const before = this.problems.length;
    const kind = this.#structureKind(json, path);
    // Which keys it may have hangs on what it is.
    if (this.problems.length > before) return NO_STRUCTURE;
    const source = this.#object(json, path, STRUCTURE_KEYS.get(kind));
    const type = source.type ?? Math.max(STRUCTURE_KINDS.indexOf(kind), 0);
    const values = this.#fields(kind.layout.fields, { ...source, type }, path);
    const structure = { ...values, name: kind.name, offset: 0 } as unknown as Structure;
    if (this.#leftOut(source, 'length')) {
      // An ACPI path written by hand comes without the NUL that ends it in the table.
      if (structure.name === 'ANDD' && source.trailing === undefined) {
        structure.trailing = Uint8Array.of(0);
      }
      if (this.problems.length > 0) return structure;
      structure.length = encodeStructure(structure).length;
      if (structure.length > 0xffff) {
        const message = `The structure has ${structure.length} bytes; its length field can tell ${0xffff} at most.`;
        this.#complain('json-range', path, message);
      }
    }
    return structure;
  }

  /** Which structure an object describes, by its `name`, its `type`, or both where they agree. */
  #structureKind(json: unknown, path: string): StructureKind {
    const { name, type } = (json ?? {}) as JsonObject;
    const byType = STRUCTURE_KINDS[Number(type)] ?? UNKNOWN_KIND;
    if (name === undefined) {
      if (type === undefined) this.#complain('json-missing', path, 'A structure needs a name.');
      return byType;
    }
    if (name === UNKNOWN_KIND.name) {
      if (type === undefined) {
        this.#complain('json-missing', `${path}.type`, 'An unknown structure needs a type.');
      }
      return UNKNOWN_KIND;
    }
    const kind = STRUCTURE_KINDS.find((known) => known.name === name);
    if (kind === undefined) {
      const names = STRUCTURE_KINDS.map((known) => known.name).join(', ');
      const message = `There is no structure ${quote(name)}; the names are ${names} and unknown.`;
      this.#complain('json-range', `${path}.name`, message);
    } else if (type !== undefined && kind !== byType) {
      const right = STRUCTURE_KINDS.indexOf(kind);
      const message = `The type of ${kind.name} is ${right}, not ${quote(type)}.`;
      this.#complain('json-contradiction', `${path}.type`, message);
    }
    return kind ?? UNKNOWN_KIND;
  }

  /** Every field of a layout, as its encoder takes it. */
  #fields(fields: readonly Field[], json: JsonObject, path: string): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const field of fields) values[field.name] = this.#field(field, json, path);
    return values;
  }

  #field(field: Field, json: JsonObject, path: string): unknown {
    const value = json[field.name];
    const at = path === '' ? field.name : `${path}.${field.name}`;
    switch (field.kind) {
      case 'constant':
      case 'position':
        return undefined;
      case 'u8':
      case 'u16':
      case 'u32':
        if (field.name === 'segment') return this.#segment(json, at);
        if (this.fix && field.name === 'length') return 0;
        return value === undefined ? 0 : Number(this.#integer(value, field.width, at));
      case 'u64':
        return value === undefined ? this.#missing(at) : this.#integer(value, field.width, at);
      case 'flags':
        return this.#flags(field, json, at);
      case 'ascii':
        return this.#text(value ?? '', at, field.width).padEnd(field.width);
      case 'name':
        return value === undefined ? this.#missing(at) : this.#text(value, at);
      case 'bytes':
        return value === undefined
          ? new Uint8Array(field.width)
          : this.#bytes(value, at, field.width);
      case 'rest':
        return this.#bytes(value, at);
      case 'path':
        return this.#list(value, at).map((hop, i) => this.#hop(hop, `${at}[${i}]`));
      case 'scopes':
        return this.#scopes(json, path);
    }
  }

  #missing(path: string): undefined {
    return this.#complain('json-missing', path, `${path.replace(/.*\./, '')} must be given.`);
  }

  /** A structure's segment; where it is left out, that of the first device that names one, or 0. */
  #segment(json: JsonObject, path: string): number {
    if (json.segment !== undefined) return Number(this.#integer(json.segment, 2, path));
    const scopes = json.deviceScope ?? json.devices;
    for (const scope of Array.isArray(scopes) ? scopes : []) {
      const segment = deviceOf(scope)?.segment ?? null;
      if (segment !== null) return segment;
    }
    return 0;
  }

  #scopes(json: JsonObject, path: string): object[] {
    const { deviceScope: long, devices: short } = json;
    if (long !== undefined && short !== undefined) {
      const message = 'devices and deviceScope say the same thing; give one of them.';
      this.#complain('json-contradiction', `${path}.devices`, message);
    }
    const at = `${path}.${long === undefined ? 'devices' : 'deviceScope'}`;
    const segment = this.#segment(json, `${path}.segment`);
    return this.#list(long ?? short ?? [], at).map((scope, i) =>
      this.#scope(scope, `${at}[${i}]`, segment),
    );
  }

  #scope(json: unknown, path: string, segment: number): object {
    const source = this.#object(
      typeof json === 'string' ? { device: json } : json,
      path,
      SCOPE_KEYS,
    );
    const device = this.#device(source, path, segment);
    const values = this.#fields(
      deviceScope.fields,
      {
        ...source,
        type: this.#scopeType(source, path),
        startBusNumber: source.startBusNumber ?? device?.startBus,
        path: source.path ?? device?.path ?? [],
      },
      path,
    );
    const scope = values as unknown as ReturnType<typeof deviceScope.decode>;
    this.#checkDevice(source, scope, path, segment);
    if (this.#leftOut(source, 'length') && this.problems.length === 0) {
      scope.length = encodeValue(deviceScope as unknown as NestedLayout, scope as never).length;
      if (scope.length > 0xff) {
        const message = `The device scope entry has ${scope.length} bytes; its length field can tell ${0xff} at most.`;
        this.#complain('json-range', path, message);
      }
    }
    return scope;
  }

  #scopeType({ type, name }: JsonObject, path: string): unknown {
    if (name === undefined) return type ?? SCOPE_ENDPOINT;
    if (type === undefined) {
      const known = KNOWN_SCOPE_TYPES.find(([, known]) => known === name);
      if (known !== undefined) return Number(known[0]);
      const names = KNOWN_SCOPE_TYPES.map(([, known]) => known).join(', ');
      const message = `There is no device scope ${quote(name)}; the names are ${names}.`;
      return this.#complain('json-range', `${path}.name`, message);
    }
    const right = scopeTypeName(Number(type));
    if (name !== right) {
      const message = `The name of type ${quote(type)} is ${quote(right)}, not ${quote(name)}.`;
      this.#complain('json-contradiction', `${path}.name`, message);
    }
    return type;
  }

  /** What `device` says, which must be on the structure's segment. */
  #device(source: JsonObject, path: string, segment: number): ScopePath | null {
    const { device } = source;
    if (device === undefined || device === null) {
      if (source.path === undefined) this.#missing(`${path}.device`);
      return null;
    }
    const parsed = deviceOf(source);
    if (parsed === null) {
      const message = `${quote(device)} is no device; write 0000:00:1d.0, or 0000:00:1c.0/00.0 for one behind a bridge.`;
      this.#complain('json-type', `${path}.device`, message);
    } else if (parsed.segment !== null && parsed.segment !== segment) {
      const message = `The device is on segment ${parsed.segment}, but its structure is for segment ${segment}.`;
      this.#complain('json-contradiction', `${path}.device`, message);
    }
    return parsed;
  }

  /**
   * `device` and the path say the same thing. A path of several hops may stand beside the plain address it
   * was resolved to on some machine, of which the table holds nothing.
   */
  #checkDevice(
    source: JsonObject,
    scope: ReturnType<typeof deviceScope.decode>,
    path: string,
    segment: number,
  ): void {
    const device = deviceOf(source);
    if (device === null || (scope.path.length > 1 && device.path.length === 1)) return;
    const fromDevice = formatPath(segment, device.startBus, device.path);
    const fromPath = formatPath(segment, scope.startBusNumber, scope.path);
    if (fromDevice !== fromPath) {
      const message = `The device is ${fromDevice}, but startBusNumber and path say ${fromPath}.`;
      this.#complain('json-contradiction', `${path}.device`, message);
    }
  }

  /** The flags byte, from its number, from its bits by name, or from both where they agree. */
  #flags({ flags = {}, width }: Field, json: JsonObject, path: string): number {
    const given = json.flags;
    let byte = given === undefined ? 0 : Number(this.#integer(given, width, path));
    for (const [name, bit] of Object.entries(flags)) {
      const key = flagKey(name);
      const value = json[key];
      if (value === undefined) continue;
      const at = path.replace(/flags$/, key);
      if (typeof value !== 'boolean') {
        this.#complain('json-type', at, `${key} is either true or false.`);
      } else if (given === undefined) byte |= Number(value) << bit;
      else if (((byte >> bit) & 1) !== Number(value)) {
        this.#complain('json-contradiction', at, `${key} is ${value}, but flags ${byte} differ.`);
      }
    }
    return byte;
  }

  #hop(json: unknown, path: string): [number, number] {
    const hop = this.#list(json, path);
    if (hop.length !== 2) {
      this.#complain('json-type', path, 'A hop is a pair of device and function, e.g. [29, 0].');
    }
    const [device, func] = hop.map((part, i) => Number(this.#integer(part, 1, `${path}[${i}]`)));
    return [device ?? 0, func ?? 0];
  }

  /** An integer of so many bytes, from a number or a hex string of any number of digits. */
  #integer(json: unknown, width: number, path: string): bigint {
    const hex = typeof json === 'string' && /^0x[0-9a-f]+$/i.test(json);
    if (!hex && !Number.isSafeInteger(json)) {
      const shown = quote(json);
      const message =
        typeof json === 'number'
          ? `${shown} cannot be read exactly; write it as a hex string.`
          : `${shown} is no integer; write a number, or a hex string as in "0x1000".`;
      this.#complain('json-type', path, message);
      return 0n;
    }
    const value = BigInt(json as string | number);
    if (value < 0n || value >= 1n << BigInt(8 * width)) {
      const bytes = width === 1 ? 'one byte' : `${width} bytes`;
      this.#complain('json-range', path, `${json} does not fit into ${bytes}.`);
      return 0n;
    }
    return value;
  }

  /** Text of one byte a character, at most `width` of them. */
  #text(json: unknown, path: string, width = 0xffff): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a table's text may hold any byte.
    if (typeof json !== 'string' || !/^[\x00-\xff]*$/.test(json)) {
      const message = `${quote(json)} is no text of one byte a character.`;
      this.#complain('json-type', path, message);
      return '';
    }
    if (json.length > width) {
      const message = `${quote(json)} is longer than ${width} characters.`;
      this.#complain('json-range', path, message);
    }
    return json;
  }

  /** Bytes from hex digits, exactly `width` of them where that is given. */
  #bytes(json: unknown, path: string, width?: number): Uint8Array {
    if (json === undefined) return NO_BYTES;
    const bytes = typeof json === 'string' ? hexToBytes(json) : null;
    if (bytes === null) {
      this.#complain('json-type', path, 'Bytes are written as a string of hex digits, two a byte.');
      return NO_BYTES;
    }
    if (width !== undefined && bytes.length !== width) {
      const message = `Here are ${bytes.length} bytes, but the field has ${width}.`;
      this.#complain('json-range', path, message);
    }
    return bytes;
  }

  #list(json: unknown, path: string): readonly unknown[] {
    if (Array.isArray(json)) return json;
    if (json === undefined) this.#missing(path);
    else this.#complain('json-type', path, `${quote(json)} is no list.`);
    return [];
  }

  /** An object without any key but those allowed and `comment`. */
  #object(json: unknown, path: string, keys: readonly string[] = []): JsonObject {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      this.#complain('json-type', path, 'An object, in braces, belongs here.');
      return {};
    }
    for (const key of Object.keys(json)) {
      if (key === 'comment' || keys.includes(key)) continue;
      const name = /^\w+$/.test(key) ? key : quote(key);
      const at = path === '' ? name : `${path}.${name}`;
      const message = `There is no such key; the keys here are ${keys.join(', ')}.`;
      this.#complain('json-unknown-key', at, message);
    }
    return json as JsonObject;
  }
}

/** Characters of a value that a message quotes. */
const MOST_QUOTED = 60;

/** A value as a message shows it: on one line, short, and harmless to a terminal. */
function quote(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'A list' : 'An object';
  const text = JSON.stringify(value) ?? 'nothing';
  const short = text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text;
  return printable(short);
}

/** The device that a scope written as text or object names; null where it names none, or nothing sensible. */
function deviceOf(scope: unknown): ScopePath | null {
  const device = typeof scope === 'object' && scope !== null ? (scope as JsonObject).device : scope;
  return typeof device === 'string' ? parsePath(device) : null;
}
