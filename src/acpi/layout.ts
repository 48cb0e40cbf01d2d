/**
 * Structure layouts, declared once.
 *
 * A layout is a function that names its fields in the order of their bytes. Run with a
 * {@link Reader} it decodes; run once with a describer it yields the list of fields from which
 * encoding, the annotated listing and JSON are made. So a field cannot exist in one and be missing
 * in another, and `encode(decode(bytes))` is the identity.
 */

/** No bytes at all. */
export const NO_BYTES = new Uint8Array(0);

/** Hops of a device scope's path. */
export type Path = [device: number, func: number][];

/** Bits of a flags byte by their specification name, e.g. `{ INCLUDE_PCI_ALL: 0 }`. */
export type FlagBits = Readonly<Record<string, number>>;

/** Whether a flags byte has a flag set, named as the specification does. */
export const hasFlag = <B extends FlagBits>(flags: number, bits: B, name: keyof B): boolean =>
  (flags & (1 << (bits[name] as number))) !== 0;

/** The bits of a flags byte that have a name, as a mask. */
export const namedBits = (bits: FlagBits): number =>
  Object.values(bits).reduce((mask, bit) => mask | (1 << bit), 0);

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
  | 'scopes'
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
  readonly meaning?: Meaning<never>;
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
    return this.bytes[this.pos++] as number;
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
    const { bytes } = this;
    const end = this.pos + width;
    let text = '';
    for (let at = this.pos; at < end; at++) text += String.fromCharCode(bytes[at] as number);
    this.pos = end;
    return text;
  }

  /** A copy of `width` bytes. */
  bytesOf(width: number): Uint8Array {
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
  u16 = (meaning?: Meaning) => this.note('u16', 2, meaning ? { meaning } : {});
  u32 = () => this.note('u32', 4);
  u64 = (meaning?: Meaning<bigint>) => this.note('u64', 8, meaning ? { meaning } : {});
  ascii = (width: number) => this.note('ascii', width);
  bytesOf = (width: number) => this.note('bytes', width);
  name = () => this.note('name', 0);
  path = () => this.note('path', 0);
  scopes = () => this.note('scopes', 0);
  rest = () => this.note('rest', 0);
}

/** A declared layout: its decoder, and its fields for everything else. */
export interface Layout<T, R extends Reader = Reader> {
  /** Reads one value at `reader.pos`; the fixed part must lie before `reader.end`. */
  readonly decode: (reader: R) => T;
  /** The fields in byte order. */
  readonly fields: readonly Field[];
  /** Bytes of the part every value has. */
  readonly fixedLength: number;
  /** Field by name, for code that needs one field's offset. */
  readonly at: Readonly<Record<keyof T & string, number>>;
}

/**
 * Declares a layout. It is described when first asked for more than decoding: most runs need few layouts.
 *
 * @param decode names the fields in byte order, e.g. `(f) => ({ type: f.u16(), length: f.u16() })`
 */
export const layout = <T extends object, R extends Reader = Reader>(
  decode: (reader: R) => T,
): Layout<T, R> => new DeclaredLayout(decode);

type Description<T> = Omit<Layout<T, never>, 'decode'>;

class DeclaredLayout<T extends object, R extends Reader> implements Layout<T, R> {
  #description: Description<T> | null = null;

  constructor(readonly decode: (reader: R) => T) {}

  get fields() {
    return this.#described().fields;
  }
  get fixedLength() {
    return this.#described().fixedLength;
  }
  get at() {
    return this.#described().at;
  }

  #described(): Description<T> {
    this.#description ??= describe(this.decode);
    return this.#description;
  }
}

function describe<T extends object, R extends Reader>(decode: (reader: R) => T): Description<T> {
  const describer = new Describer();
  const names = Object.keys(decode(describer as unknown as R));
  let offset = 0;
  const fields = describer.calls.map((call, i): Field => {
    const field = { name: names[i] as string, offset, ...call };
    offset += call.width;
    return field;
  });
  const at = Object.fromEntries(fields.map((field) => [field.name, field.offset]));
  return { fields, fixedLength: offset, at: at as Description<T>['at'] };
}
