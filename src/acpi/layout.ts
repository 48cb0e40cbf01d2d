/**
 * Structure layouts, declared once.
 *
 * A layout is a function that names its fields in the order of their bytes. Run with a
 * {@link Reader} it decodes; run once with a describer it yields the list of fields from which
 * encoding, the annotated listing and JSON are made. So a field cannot exist in one and be missing
 * in another, and `encode(decode(bytes))` is the identity.
 */

import { textAt } from '../base/characters.js';
import type { Diagnostic } from './diagnostic.js';

/** No bytes at all. */
export const NO_BYTES = new Uint8Array(0);

/** Hops of a device scope's path. */
export type Path = [device: number, func: number][];

/** Where a named part of a flags field lies: one bit, or the lowest and the highest of several. */
export type BitPlace = number | readonly [low: number, high: number];

/** Parts of a flags field by their specification name, e.g. `{ INCLUDE_PCI_ALL: 0 }`. */
export type FlagBits = Readonly<Record<string, BitPlace>>;

/** The part of a flags field that the specification gives a name: 0 or 1 for a single bit. */
export function bitsOf<B extends FlagBits>(
  flags: number | bigint,
  bits: B,
  name: keyof B & string,
): number {
  const place = bits[name] as BitPlace;
  // Not by placeOf, since this is asked of every table: a pair that is taken apart goes through an iterator.
  const low = typeof place === 'number' ? place : place[0];
  const width = typeof place === 'number' ? 1 : place[1] - low + 1;
  return typeof flags === 'number'
    ? (flags >>> low) % 2 ** width
    : Number(BigInt.asUintN(width, flags >> BigInt(low)));
}

/** Whether a flags field has a flag set, named as the specification does. */
export const hasFlag = <B extends FlagBits>(
  flags: number | bigint,
  bits: B,
  name: keyof B & string,
): boolean => bitsOf(flags, bits, name) !== 0;

/** The bits of a flags field of so many bytes that have no name, as a mask of the type that the field is read as. */
function unnamedBits(bits: FlagBits, width: number): number | bigint {
  const named = Object.values(bits).reduce((mask: bigint, place) => {
    const [low, high] = placeOf(place);
    return mask | (((1n << BigInt(high - low + 1)) - 1n) << BigInt(low));
  }, 0n);
  const unnamed = BigInt.asUintN(8 * width, ~named);
  return width === 8 ? unnamed : Number(unnamed);
}

/** Lowest and highest bit of a part. */
export const placeOf = (place: BitPlace): readonly [low: number, high: number] =>
  typeof place === 'number' ? [place, place] : place;

/** Turns a field's number into words, e.g. 0x26 into `39 bits`; `fields` are all those of its structure. */
export type Meaning<N = number> = (value: N, fields: Readonly<Record<string, unknown>>) => string;

/** The ways a field's bytes are laid out. `constant` and `position` occupy no bytes. */
export type FieldKind =
  | 'constant'
  | 'position'
  | 'u8'
  | 'flags'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'ascii'
  | 'bytes'
  | 'name'
  | 'path'
  | 'list'
  | 'rest';

/** One field of a layout. */
export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  /** Width in bytes; 0 where the width depends on the structure's length. */
  readonly width: number;
  readonly flags?: FlagBits;
  /** The bits of a flags field that have no name, as a mask of the field's own type. */
  readonly unnamed?: number | bigint;
  readonly meaning?: Meaning<never>;
  /** How the entries of a field of kind `list` are laid out. */
  readonly entries?: EntryList;
}

/** A list of entries to the end of a structure: device scopes in DMAR, device entries in IVRS. */
export interface EntryList<E extends object = object> {
  /** Reads the entries from the reader's position on; what cannot be one is left to `rest`. */
  read(reader: Reader): E[];
  /** What an entry was read with. */
  layoutOf(entry: E): Layout<E>;
}

/**
 * Reads one structure after another from the same bytes. The caller sets {@link pos},
 * {@link start} and {@link end}, and has made sure that the fixed part of the layout lies between them.
 */
export class Reader {
  /** Next byte to read. */
  pos = 0;
  /** First byte of the current structure. */
  start = 0;
  /** First byte that is not the current structure's any more. */
  end = 0;
  /** The bytes as a DataView, for multi-byte integers. */
  readonly view: DataView;
  /** What was odd about the bytes read so far. */
  readonly diagnostics: Diagnostic[] = [];

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  constant<const T extends string>(value: T): T {
    return value;
  }

  position(): number {
    return this.start;
  }

  u8(_meaning?: Meaning): number {
    return this.bytes[this.pos++] as number;
  }

  flags(_bits: FlagBits): number {
    return this.u8();
  }

  flags16(_bits: FlagBits): number {
    return this.u16();
  }

  flags32(_bits: FlagBits): number {
    return this.u32();
  }

  flags64(_bits: FlagBits): bigint {
    return this.u64();
  }

  u16(_meaning?: Meaning): number {
    const value = this.view.getUint16(this.pos, true);
    this.pos += 2;
    return value;
  }

  u32(): number {
    const value = this.view.getUint32(this.pos, true);
    this.pos += 4;
    return value;
  }

  u64(_meaning?: Meaning<bigint>): bigint {
    const value = this.view.getBigUint64(this.pos, true);
    this.pos += 8;
    return value;
  }

  /** `width` bytes as one character each, padding kept. */
  ascii(width: number): string {
    const text = textAt(this.bytes, this.pos, width);
    this.pos += width;
    return text;
  }

  /** A copy of `width` bytes. */
  bytesOf(width: number): Uint8Array {
    if (width === 0) return NO_BYTES;
    const start = this.pos;
    this.pos += width;
    // Made anew and not by slice, which of a Node Buffer is a view.
    return new Uint8Array(this.bytes.subarray(start, this.pos));
  }

  /** Characters up to the first NUL or the end of the structure; what follows is for {@link rest}. */
  name(): string {
    const { bytes, pos } = this;
    let end = pos;
    while (end < this.end && bytes[end] !== 0) end++;
    return this.ascii(end - pos);
  }

  /** Pairs of device and function, as many as fit. */
  path(): Path {
    const path: Path = [];
    while (this.pos + 2 <= this.end) path.push([this.u8(), this.u8()]);
    return path;
  }

  /** Entries, as many as there are. */
  list<E extends object>(entries: EntryList<E>): E[] {
    return entries.read(this);
  }

  /** Reads a value of `length` bytes at the reader's position, and leaves the reader behind it. */
  nested<E>({ decode }: Pick<Layout<E>, 'decode'>, length: number): E {
    const { start, end, pos } = this;
    this.start = pos;
    this.end = pos + length;
    const value = decode(this);
    this.pos = this.end;
    this.start = start;
    this.end = end;
    return value;
  }

  /** A copy of the bytes that no field before it took. */
  rest(): Uint8Array {
    return this.bytesOf(Math.max(this.end - this.pos, 0));
  }
}

/** Stands in for a {@link Reader} while a layout is described: notes each call instead of reading. */
class Describer {
  readonly calls: Omit<Field, 'name' | 'offset'>[] = [];

  private note(kind: FieldKind, width: number, more: Partial<Field> = {}): undefined {
    this.calls.push({ kind, width, ...more });
    return undefined;
  }

  constant = (value: string) => {
    this.note('constant', 0);
    return value;
  };
  position = () => this.note('position', 0);
  u8 = (meaning?: Meaning) => this.note('u8', 1, meaning ? { meaning } : {});
  flags = (flags: FlagBits) => this.note('flags', 1, { flags });
  flags16 = (flags: FlagBits) => this.note('flags', 2, { flags });
  flags32 = (flags: FlagBits) => this.note('flags', 4, { flags });
  flags64 = (flags: FlagBits) => this.note('flags', 8, { flags });
  u16 = (meaning?: Meaning) => this.note('u16', 2, meaning ? { meaning } : {});
  u32 = () => this.note('u32', 4);
  u64 = (meaning?: Meaning<bigint>) => this.note('u64', 8, meaning ? { meaning } : {});
  ascii = (width: number) => this.note('ascii', width);
  bytesOf = (width: number) => this.note('bytes', width);
  name = () => this.note('name', 0);
  path = () => this.note('path', 0);
  list = (entries: EntryList) => this.note('list', 0, { entries });
  rest = () => this.note('rest', 0);
}

/** A declared layout: its decoder, and its fields for everything else. */
export interface Layout<T> {
  /** Reads one value at `reader.pos`; the fixed part must lie before `reader.end`. */
  decode(reader: Reader): T;
  /** The fields in byte order. */
  readonly fields: readonly Field[];
  /** Those that the specification reserves, wholly or in part: fields called so, and flags with bits that have no name. */
  readonly reserved: readonly Field[];
  /** Bytes of the part every value has. */
  readonly fixedLength: number;
  /** First byte of each field, counted from the start of the value. */
  readonly at: Readonly<Record<keyof T & string, number>>;
}

/**
 * Declares a layout.
 *
 * @param decode names the fields in byte order, e.g. `(f) => ({ type: f.u16(), length: f.u16() })`
 */
export function layout<T extends object>(decode: (reader: Reader) => T): Layout<T> {
  const describer = new Describer();
  const names = Object.keys(decode(describer as unknown as Reader));
  let offset = 0;
  const fields = describer.calls.map((call, i): Field => {
    const { flags } = call;
    const unnamed = flags === undefined ? {} : { unnamed: unnamedBits(flags, call.width) };
    const field = { name: names[i] as string, offset, ...call, ...unnamed };
    offset += call.width;
    return field;
  });
  const at = Object.fromEntries(fields.map((field) => [field.name, field.offset]));
  const reserved = fields.filter(
    ({ name, unnamed = 0 }) => name.startsWith('reserved') || Number(unnamed) !== 0,
  );
  return { decode, fields, reserved, fixedLength: offset, at: at as Layout<T>['at'] };
}
