import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/acpi/diagnostic.js';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { encodeDmar } from '../../../src/acpi/dmar/encode.js';
import type { Structure } from '../../../src/acpi/dmar/structures.js';
import { NO_BYTES } from '../../../src/acpi/layout.js';
import { corpusNote, corpusTables } from '../../support/corpus.js';
import { fixtures } from '../../support/fixtures.js';
import { mutated, tableOf } from '../../support/tables.js';

const RMRR = {
  name: 'RMRR',
  baseAddress: '0xbf7e8000',
  limitAddress: '0xbf7f7fff',
  devices: ['0000:00:1d.0'],
};

/** A table around the bytes of its structures, its own length right. */
const around = (hex: string): Uint8Array =>
  tableOf({ structures: [], header: { length: 48 + hex.length / 2 }, trailing: hex });

const codesOf = (bytes: Uint8Array): string[] =>
  decodeDmar(bytes).diagnostics.map(({ code }) => code);

describe('decoding and encoding', () => {
  test.skipIf(corpusTables.length === 0)(
    `finds no error in a real table, and encodes it as it was${corpusNote}`,
    () => {
      for (const { name, bytes } of corpusTables) {
        const { table, diagnostics } = decodeDmar(bytes);
        expect(
          diagnostics.filter(({ severity }) => severity === 'error'),
          name,
        ).toEqual([]);
        expect(table && encodeDmar(table), name).toEqual(bytes);
      }
    },
  );

  test('gives back any bytes it finds a table in, and points at nothing outside them', () => {
    const tables = [...fixtures, ...corpusTables].map(({ bytes }) => bytes);
    const arbitrary = fc.oneof(
      { weight: 3, arbitrary: mutated(tables) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    );
    fc.assert(
      fc.property(arbitrary, (bytes) => {
        const { table, diagnostics } = decodeDmar(bytes);
        for (const { offset, length } of diagnostics) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset + length).toBeLessThanOrEqual(bytes.length);
        }
        if (table === null) expect(bytes.length).toBeLessThan(48);
        else expect(encodeDmar(table)).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test('reads the same wherever in a buffer the bytes lie', () => {
    for (const { bytes } of fixtures) {
      const buffer = new Uint8Array(bytes.length + 5).fill(0xee);
      buffer.set(bytes, 3);
      expect(decodeDmar(buffer.subarray(3, 3 + bytes.length))).toEqual(decodeDmar(bytes));
    }
  });

  test('gives back the structures it was given, lengths and offsets among them', () => {
    const address = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const hop = fc.tuple(fc.nat(255), fc.nat(255));
    const scope = fc
      .record({
        type: fc.nat(255),
        flags: fc.nat(255),
        reserved: fc.nat(255),
        enumerationId: fc.nat(255),
        startBusNumber: fc.nat(255),
        path: fc.array(hop, { minLength: 1, maxLength: 124 }),
      })
      .map((fields) => ({ ...fields, length: 6 + 2 * fields.path.length, trailing: NO_BYTES }));
    const rmrr = fc
      .record({
        segment: fc.nat(0xffff),
        reserved: fc.nat(0xffff),
        baseAddress: address,
        limitAddress: address,
        deviceScope: fc.array(scope, { maxLength: 5 }),
      })
      .map((fields) => ({
        type: 1,
        name: 'RMRR',
        length: fields.deviceScope.reduce((sum, { length }) => sum + length, 24),
        ...fields,
        trailing: NO_BYTES,
      }));
    const { table: empty } = decodeDmar(tableOf({ structures: [] }));
    fc.assert(
      fc.property(fc.array(rmrr, { maxLength: 8 }), (given) => {
        if (empty === null) throw new Error('no table');
        const structures = given as unknown as Structure[];
        const length = structures.reduce((sum, structure) => sum + structure.length, 48);
        const header = { ...empty.header, length };
        const { table } = decodeDmar(encodeDmar({ ...empty, header, structures }));
        expect(table?.structures).toMatchObject(given);
      }),
    );
  });
});

/** Changes whatever of a decoded value can be changed: numbers, texts, bytes, lists. */
function spoil(value: unknown): void {
  if (value instanceof Uint8Array) value.fill(0xee);
  else if (Array.isArray(value)) {
    for (const item of value) spoil(item);
    value.push(0xee);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      spoil(item);
      if (typeof item === 'number') (value as Record<string, unknown>)[key] = 0xee;
    }
  }
}

test.each(fixtures)('changing what $name was decoded to changes no later decoding', ({ bytes }) => {
  for (const given of [Uint8Array.from(bytes), Buffer.from(bytes)]) {
    const before = structuredClone(decodeDmar(given));
    spoil(decodeDmar(given));
    expect(decodeDmar(given)).toEqual(before);
  }
});

describe('diagnostics', () => {
  const at = (bytes: Uint8Array): Diagnostic | undefined =>
    decodeDmar(bytes).diagnostics.find(({ code }) => code !== 'table-checksum');

  test.each([
    [
      'a header cut short',
      tableOf({ structures: [] }).subarray(0, 47),
      'table-header-truncated',
      0,
    ],
    [
      'another signature',
      tableOf({ header: { signature: 'APIC' }, structures: [] }),
      'table-signature',
      0,
    ],
    [
      'fewer bytes than claimed',
      tableOf({ header: { length: 99 }, structures: [] }),
      'table-length-beyond-bytes',
      4,
    ],
    [
      'a length below the header',
      tableOf({ header: { length: 40 }, structures: [] }),
      'table-length-short',
      4,
    ],
    [
      'more bytes than claimed',
      tableOf({ structures: [], trailing: '0000' }),
      'table-trailing-bytes',
      48,
    ],
    ['a structure of no length', around('01000000'), 'structure-length-zero', 50],
    ['a structure shorter than its header', around('01000300'), 'structure-length-short', 50],
    [
      'a structure shorter than its fixed part',
      around('0100080000000000'),
      'structure-length-short',
      50,
    ],
    ['a structure past the table', around('0500100000000000'), 'structure-length-overrun', 50],
    ['half a structure header', around('0100'), 'structure-header-truncated', 48],
    ['a reserved type', around('07000400'), 'structure-unknown-type', 48],
    [
      'a scope without a hop',
      around(`02000e0001000000${'010600000000'}`),
      'scope-length-short',
      57,
    ],
    [
      'a scope of odd length',
      around(`0200110001000000${'010900000000020000'}`),
      'scope-length-odd',
      57,
    ],
    [
      'a scope past its structure',
      around(`0200100001000000${'010a000000000200'}`),
      'scope-length-overrun',
      57,
    ],
    ['half a scope header', around(`02000c0001000000${'01080000'}`), 'scope-header-truncated', 56],
  ])('say of %s what and where', (_, bytes, code, offset) => {
    expect(at(bytes)).toMatchObject({ code, offset });
  });

  test('are none for a table without oddities', () => {
    expect(codesOf(tableOf({ structures: [RMRR] }))).toEqual([]);
  });

  test('keep what lies behind a broken scope or structure', () => {
    const { table } = decodeDmar(around(`0200100001000000${'010a000000000200'}`));
    expect(table?.structures).toMatchObject([{ deviceScope: [], trailing: { length: 8 } }]);
    expect(decodeDmar(around('0100000001020304')).table?.trailing).toHaveLength(8);
  });
});
