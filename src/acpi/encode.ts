import type { Field, Layout, Reader } from './layout.js';

/** A value of any layout, seen field by field. */
type Values = Readonly<Record<string, unknown>>;

/** How lists of nested layouts are written: the layout behind each field of kind `scopes`. */
export type NestedLayout = Layout<object, never>;

/**
 * Bytes of one value of a layout, each field as it stands: lengths and checksums are written as
 * given, right or wrong.
 *
 * @param layout what the value was decoded with, or is to be decoded with
 * @param value every field of the layout
 * @param nested layout of the entries of a field of kind `scopes`
 */
export function encodeValue<T extends object, R extends Reader>(
  layout: Layout<T, R>,
  value: T,
  nested?: NestedLayout,
): number[] {
  const out: number[] = [];
  for (const field of layout.fields) encodeField(field, (value as Values)[field.name], out, nested);
  return out;
}

function encodeField(field: Field, value: unknown, out: number[], nested?: NestedLayout): void {
  switch (field.kind) {
    case 'constant':
    case 'position':
      return;
    case 'u8':
    case 'flags':
    case 'u16':
    case 'u32':
    case 'u64':
      for (let i = 0, rest = BigInt(value as number | bigint); i < field.width; i++, rest >>= 8n) {
        out.push(Number(rest & 0xffn));
      }
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
    case 'scopes':
      for (const entry of value as object[]) {
        for (const byte of encodeValue(nested as NestedLayout, entry as never)) out.push(byte);
      }
  }
}
