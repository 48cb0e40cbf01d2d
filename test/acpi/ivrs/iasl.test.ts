import { describe, expect, test } from 'vitest';
import { decodeIvrs } from '../../../src/acpi/ivrs/decode.js';
import { IVRS } from '../../../src/acpi/ivrs/ivrs.js';
import type { Field } from '../../../src/acpi/layout.js';
import { layoutOf } from '../../../src/acpi/table-layout.js';
import { corpusIvrs } from '../../support/corpus.js';
import { ivrsFixtures } from '../../support/fixtures.js';
import {
  type Disassembly,
  disassemble,
  type IaslField,
  iaslNote,
  iaslVersion,
} from '../../support/iasl.js';

/** Fixtures at which iasl stops or warns: a length of 0, a wrong checksum. */
const BROKEN = ['bad-checksum', 'zero-length'];

const tables = [...ivrsFixtures.filter(({ name }) => !BROKEN.includes(name)), ...corpusIvrs];

/** The bytes that fields of ours take: first byte, width and little-endian value or bytes. */
function fieldsByOffset(bytes: Uint8Array): Map<number, { width: number; value: unknown }> {
  const fields = new Map<number, { width: number; value: unknown }>();
  const add = (layout: readonly Field[], value: object, start: number) => {
    let at = start;
    for (const { name, kind, width, entries } of layout) {
      const given = (value as Record<string, unknown>)[name];
      if (kind === 'constant' || kind === 'position') continue;
      if (kind === 'list') {
        for (const entry of given as { offset: number }[]) {
          add(entries?.layoutOf(entry).fields ?? [], entry, entry.offset);
        }
        continue;
      }
      const length = kind === 'rest' ? (given as Uint8Array).length : width;
      if (length > 0) fields.set(at, { width: length, value: given });
      at += length;
    }
  };
  const { table } = decodeIvrs(bytes);
  if (table === null) return fields;
  add(IVRS.header.fields, table.header, 0);
  for (const block of table.structures) add(layoutOf(IVRS, block).fields, block, block.offset);
  return fields;
}

/** Ours as an integer of so many bytes; several fields of ours may be one reserved word of iasl's, or bytes of a block we do not know several fields. */
function integerAt(
  fields: ReadonlyMap<number, { width: number; value: unknown }>,
  { offset, length }: IaslField,
): bigint | null {
  let value = 0n;
  for (let at = offset; at < offset + length; ) {
    const field = fields.get(at);
    if (field === undefined) return null;
    const part =
      field.value instanceof Uint8Array
        ? [...field.value.subarray(0, offset + length - at)].reduceRight(
            (sum, byte) => sum * 256n + BigInt(byte),
            0n,
          )
        : BigInt(field.value as number | bigint);
    value |= part << BigInt(8 * (at - offset));
    at += field.width;
  }
  return value;
}

/** Releases of iasl before 2021 know no type 40h, and stop there. */
const stops = ({ complaints }: Disassembly) =>
  complaints.some((line) => /Unknown IVRS subtable/.test(line));

describe.skipIf(iaslVersion === null)(`ACPICA's disassembler as a judge${iaslNote}`, () => {
  const judged = iaslVersion === null ? [] : disassemble(tables.map(({ bytes }) => bytes));

  test.each(tables.map((table, i) => ({ ...table, i })))(
    '$name has the same fields',
    ({ bytes, i }) => {
      const judgement = judged[i] as Disassembly;
      const ours = fieldsByOffset(bytes);
      expect(judgement.fields.length).toBeGreaterThan(20);
      for (const field of judgement.fields) {
        const at = `${field.name} at ${field.offset}`;
        if (field.value.startsWith('"')) {
          const text = String(ours.get(field.offset)?.value).replace(/\0.*/s, '');
          expect(text.trimEnd(), at).toBe(field.value.slice(1, -1).trimEnd());
        } else {
          expect(integerAt(ours, field), at).toBe(BigInt(`0x${field.value.replaceAll(' ', '')}`));
        }
      }
      if (!stops(judgement)) expect(judgement.complaints).toEqual([]);
    },
  );

  test('reads past the first IVHD of every table', () => {
    const blocks = judged.map(
      ({ fields }) => fields.filter(({ name }) => name === 'Subtable Type').length,
    );
    expect(Math.min(...blocks)).toBeGreaterThan(0);
    expect(blocks.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(tables.length);
  });
});
