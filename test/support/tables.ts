import fc from 'fast-check';
import { tableFromJson } from '../../src/acpi/table-from-json.js';

/** Bytes of a table that a terse JSON source describes; fails where it does not. */
export function tableOf(json: unknown): Uint8Array {
  const { bytes, problems } = tableFromJson(json);
  if (bytes === null) throw new Error(JSON.stringify(problems));
  return bytes;
}

/** The bytes of a table with a few overwritten, and cut or grown. */
export const mutated = (tables: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      table: fc.constantFrom(...tables),
      edits: fc.array(fc.tuple(fc.nat(0xffff), fc.nat(255)), { maxLength: 8 }),
      cut: fc.option(fc.nat(0xffff)),
      tail: fc.uint8Array({ maxLength: 24 }),
    })
    .map(({ table, edits, cut, tail }) => {
      const kept = cut === null ? table : table.subarray(0, cut % (table.length + 1));
      const bytes = new Uint8Array(kept.length + tail.length);
      bytes.set(kept);
      bytes.set(tail, kept.length);
      if (bytes.length > 0) for (const [at, value] of edits) bytes[at % bytes.length] = value;
      return bytes;
    });
