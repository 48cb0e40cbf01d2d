import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import type { ListedField, ListedPart } from '../../../src/acpi/listing.js';
import { listTable } from '../../../src/acpi/tables.js';
import { corpusTables } from '../../support/corpus.js';
import { fixtures } from '../../support/fixtures.js';
import { mutated, tableOf } from '../../support/tables.js';

function listed(bytes: Uint8Array): ListedPart[] {
  const { table } = decodeDmar(bytes);
  return table === null ? [] : [...listTable(table, bytes)];
}

const leaves = (fields: readonly ListedField[]): ListedField[] =>
  fields.flatMap((field) =>
    field.entries.length === 0 ? [field] : leaves(field.entries.flatMap((entry) => entry.fields)),
  );

const tables = [...fixtures, ...corpusTables].map(({ bytes }) => bytes);

describe('the listing of a table', () => {
  test('leaves no byte out and tells none twice, whatever the bytes', () => {
    const inOrder = (bytes: Uint8Array) => {
      const parts = listed(bytes);
      if (parts.length === 0) return;
      let end = 0;
      for (const { offset, length } of leaves(parts.flatMap(({ fields }) => fields))) {
        expect(offset).toBe(end);
        end += length;
      }
      expect(end).toBe(bytes.length);
    };
    for (const bytes of tables) inOrder(bytes);
    fc.assert(fc.property(mutated(tables), inOrder));
  });

  test('names reserved bits and bytes that are no character', () => {
    const bytes = tableOf({
      header: { flags: 0x85, oemId: 'A\u0000\u009b"\\' },
      structures: [{ name: 'ATSR' }],
    });
    const [header, atsr] = listed(bytes);
    const fieldOf = (part: ListedPart | undefined, name: string) =>
      part?.fields.find((field) => field.name === name);
    expect(fieldOf(header, 'flags')?.meaning).toBe(
      'INTR_REMAP, DMA_CTRL_PLATFORM_OPT_IN_FLAG, reserved bit 7',
    );
    expect(fieldOf(header, 'oemId')?.value).toBe('"A\\x00\\x9b"\\ "');
    expect(fieldOf(atsr, 'flags')).toMatchObject({ value: '0x00', meaning: 'none set' });
    expect(fieldOf(atsr, 'deviceScope')?.value).toBe('none');
  });
});
