import { describe, expect, test } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { deviceScope } from '../../../src/acpi/dmar/device-scope.js';
import { DMAR } from '../../../src/acpi/dmar/dmar.js';
import { dmarHeader } from '../../../src/acpi/dmar/header.js';
import type { Scoped } from '../../../src/acpi/dmar/structures.js';
import type { Field } from '../../../src/acpi/layout.js';
import { tableFromJson } from '../../../src/acpi/table-from-json.js';
import { type JsonFields, layoutOf } from '../../../src/acpi/table-layout.js';
import { tableToJson } from '../../../src/acpi/tables.js';
import { corpusTables } from '../../support/corpus.js';
import { fixtures } from '../../support/fixtures.js';
import {
  type Disassembly,
  disassemble,
  type IaslField,
  iaslNote,
  iaslVersion,
} from '../../support/iasl.js';

/** Fixtures that are broken in a way that iasl sees. */
const BROKEN = ['bad-checksum', 'truncated', 'zero-length'];

const tables = [...fixtures.filter(({ name }) => !BROKEN.includes(name)), ...corpusTables];

/** Older releases of iasl stop at structures that came after them: SATC (5) and SIDP (6). */
function stopped(bytes: Uint8Array, { complaints }: Disassembly): boolean {
  const types = decodeDmar(bytes).table?.structures.map(({ type }) => type) ?? [];
  return (
    types.some((type) => type > 4) && complaints.some((line) => /Unknown DMAR subtable/.test(line))
  );
}

/** Our value of each field by its offset; hops of a path one by one. */
function valuesByOffset(bytes: Uint8Array): Map<number, unknown> {
  const values = new Map<number, unknown>();
  const add = (fields: readonly Field[], value: object, start: number) => {
    for (const { name, kind, offset } of fields) {
      const given = (value as Record<string, unknown>)[name];
      if (kind === 'constant' || kind === 'position' || name === 'trailing') continue;
      if (kind === 'list') {
        for (const scope of (value as Scoped).deviceScope) {
          add(deviceScope.fields, scope, scope.offset);
        }
      } else if (kind === 'path') {
        for (const [i, hop] of (given as number[][]).entries()) {
          values.set(start + offset + 2 * i, hop);
        }
      } else values.set(start + offset, given);
    }
  };
  const { table } = decodeDmar(bytes);
  if (table === null) return values;
  add(dmarHeader.fields, table.header, 0);
  for (const structure of table.structures) {
    add(layoutOf(DMAR, structure).fields, structure, structure.offset);
  }
  return values;
}

/** Takes what we read at a field's offset; two fields of ours may be one of iasl's, a reserved word. */
function takeValue(values: Map<number, unknown>, { offset, length, value }: IaslField): unknown {
  const ours = values.get(offset);
  values.delete(offset);
  if (
    !value.startsWith('"') &&
    length === 2 &&
    typeof ours === 'number' &&
    values.has(offset + 1)
  ) {
    const high = values.get(offset + 1) as number;
    values.delete(offset + 1);
    return ours + 256 * high;
  }
  return ours;
}

/** iasl's value in the form of ours. */
function iaslValue({ value, name }: IaslField, ours: unknown): unknown {
  if (value.startsWith('"')) return value.slice(1, -1);
  if (name === 'PCI Path') return value.split(',').map((part) => Number.parseInt(part, 16));
  if (ours instanceof Uint8Array)
    return Uint8Array.from(Buffer.from(value.replaceAll(' ', ''), 'hex'));
  const number = BigInt(`0x${value}`);
  return typeof ours === 'bigint' ? number : Number(number);
}

/** iasl shows a blank for what is no printable character. */
const printable = (text: string) => text.replace(/[^\x20-\x7e\0]/g, ' ');

/** Ours as iasl shows it: it also ends texts at the first NUL. */
const asShown = (ours: unknown) =>
  typeof ours === 'string' ? printable(ours).replace(/\0.*/s, '') : ours;

describe.skipIf(iaslVersion === null)(`ACPICA's disassembler as a judge${iaslNote}`, () => {
  const judged = iaslVersion === null ? [] : disassemble(tables.map(({ bytes }) => bytes));

  test.each(tables.map((table, i) => ({ ...table, i })))(
    '$name has the same fields',
    ({ bytes, i }) => {
      const judgement = judged[i] as Disassembly;
      const values = valuesByOffset(bytes);
      for (const field of judgement.fields) {
        const ours = takeValue(values, field);
        expect(asShown(ours), `${field.name} at ${field.offset}`).toEqual(iaslValue(field, ours));
      }
      if (stopped(bytes, judgement)) return;
      expect(judgement.complaints).toEqual([]);
      expect([...values.keys()]).toEqual([]);
    },
  );

  test('compiles from its own disassembly what build makes', () => {
    let compared = 0;
    for (const [i, { name, bytes }] of tables.entries()) {
      const judgement = judged[i] as Disassembly;
      const { compiled } = judgement;
      const { table } = decodeDmar(bytes);
      if (compiled === null || table === null || stopped(bytes, judgement)) continue;
      const { header, structures } = tableToJson(table);
      // The compiler signs with its own name, and does not pad paths as firmware does.
      const { creatorId, creatorRevision } = tableToJson(
        decodeDmar(compiled).table ?? table,
      ).header;
      const { length: _length, checksum: _checksum, ...rest } = header;
      const oemTableId = printable(table.header.oemTableId);
      const source = {
        header: { ...rest, oemTableId, creatorId, creatorRevision },
        structures: structures.map(withoutPadding),
      };
      expect(tableFromJson(source).bytes, name).toEqual(compiled);
      compared++;
    }
    expect(compared).toBeGreaterThan(0);
  });
});

function withoutPadding(structure: JsonFields): JsonFields {
  if (structure.name !== 'ANDD') return structure;
  const { trailing: _trailing, length: _length, ...andd } = structure;
  return andd as JsonFields;
}
