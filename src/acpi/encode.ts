import type { EntryList, Field, Layout } from './layout.js';
import { type DecodedTable, layoutOf, type TableLayout } from './table-layout.js';

/** A value of any layout, seen field by field. */
type Values = Readonly<Record<string, unknown>>;

/**
 * Bytes of one value of a layout, each field as it stands: lengths and checksums are written as
 * given, right or wrong.
 *
 * @param layout what the value was decoded with, or is to be decoded with
 * @param value every field of the layout
 */
export function encodeValue<T extends object>({ fields }: Layout<T>, value: T): number[] {
  const out: number[] = [];
  for (const field of fields) encodeField(field, (value as Values)[field.name], out);
  return out;
}

/**
 * The inverse of decoding: the bytes a table was decoded from, or is to be made of. Lengths and
 * checksum are written as they stand, so broken tables come out as broken as they are.
 */
export function encodeAs<T extends DecodedTable>(layout: TableLayout<T>, table: T): Uint8Array {
  const parts = [
    Uint8Array.from(encodeValue(layout.header, table.header)),
    ...table.structures.map((structure) =>
      Uint8Array.from(encodeValue(layoutOf(layout, structure), structure)),
    ),
    table.trailing,
  ];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function encodeField({ kind, width, entries }: Field, value: unknown, out: number[]): void {
  switch (kind) {
    case 'constant':
    case 'position':
      return;
    case 'u8':
    case 'flags':
    case 'u16':
    case 'u32':
    case 'u64':
      encodeInteger(value as number | bigint, width, out);
      return;
    case 'ascii':
    case 'name':
      for (const char of value as string) out.push(char.charCodeAt(0));
      return;
    case 'bytes':
    case 'rest':
      for (const byte of value as Uint8Array) out.push(byte);
      return;
    case 'path':
      for (const [device, func] of value as [number, number][]) out.push(device, func);
      return;
    case 'list':
      for (const entry of value as object[]) {
        for (const byte of encodeValue((entries as EntryList).layoutOf(entry), entry)) {
          out.push(byte);
        }
      }
  }
}

function encodeInteger(value: number | bigint, width: number, out: number[]): void {
  if (width > 4) {
    encodeInteger(Number(BigInt(value) & 0xffff_ffffn), 4, out);
    encodeInteger(Number(BigInt(value) >> 32n), 4, out);
    return;
  }
  for (let i = 0, rest = Number(value); i < width; i++, rest >>>= 8) out.push(rest & 0xff);
}
