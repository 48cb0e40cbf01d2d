import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeIvrs } from '../../../src/acpi/ivrs/decode.js';
import { tableFromJson } from '../../../src/acpi/table-from-json.js';
import { encodeTable, listTable, tableToJson } from '../../../src/acpi/tables.js';
import { corpusIvrs, corpusIvrsNote } from '../../support/corpus.js';
import { mutated, tableOf } from '../../support/tables.js';

const IVHD = {
  name: 'IVHD',
  type: '0x11',
  device: '00:00.2',
  capabilityOffset: 0x40,
  baseAddress: '0xfd200000',
  devices: [
    '00:01.0-ff:1f.6',
    { name: 'special device', handle: 33, variety: 1, sourceDevice: '00:14.0' },
  ],
};
const ACPI = {
  ...IVHD,
  type: '0x40',
  devices: [
    '00:01.0-ff:1f.6',
    {
      name: 'ACPI device',
      device: '00:14.5',
      hardwareId: 'AMDI0020',
      uidFormat: 2,
      uid: '5c5f53422e46555230',
    },
    { name: 'alias device', device: '01:00.0', sourceDevice: '00:14.4' },
    { name: 'extended device', device: '02:00.0', atsDisabled: true },
  ],
};
const IVMD = {
  name: 'IVMD',
  device: '03:00.0',
  flags: 8,
  startAddress: '0x97b98000',
  memoryLength: '0x28000',
};
const USUAL = tableOf({ structures: [IVHD, IVMD, ACPI] });

/** A table around the bytes of its blocks, its own length and checksum right. */
const around = (hex: string): Uint8Array => {
  const bytes = tableOf({
    header: { signature: 'IVRS', length: 48 + hex.length / 2 },
    structures: [],
    trailing: hex,
  });
  return bytes;
};

describe('decoding and encoding', () => {
  test.skipIf(corpusIvrs.length === 0)(
    `finds no error in a real table, and encodes it as it was${corpusIvrsNote}`,
    () => {
      for (const { name, bytes } of corpusIvrs) {
        const { table, diagnostics } = decodeIvrs(bytes);
        expect(
          diagnostics.filter(({ severity }) => severity !== 'info'),
          name,
        ).toEqual([]);
        expect(table && encodeTable(table), name).toEqual(bytes);
        expect(
          table && tableFromJson(JSON.parse(JSON.stringify(tableToJson(table)))),
          name,
        ).toEqual({
          bytes,
          problems: [],
        });
      }
    },
  );

  test('gives back any bytes it finds a table in, by JSON too, leaves none out and points at nothing outside them', () => {
    const tables = [USUAL, ...corpusIvrs.map(({ bytes }) => bytes)];
    fc.assert(
      fc.property(mutated(tables), (bytes) => {
        const { table, diagnostics } = decodeIvrs(bytes);
        for (const { offset, length } of diagnostics) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset + length).toBeLessThanOrEqual(bytes.length);
        }
        if (table === null) {
          expect(bytes.length).toBeLessThan(48);
          return;
        }
        expect(encodeTable(table)).toEqual(bytes);
        const json = JSON.parse(JSON.stringify(tableToJson(table)));
        if (json.header.signature === 'IVRS') {
          expect(tableFromJson(json)).toEqual({ bytes, problems: [] });
        }
        let end = 0;
        for (const part of listTable(table, bytes)) {
          expect(part.offset).toBe(end);
          end += part.length;
        }
        expect(end).toBe(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('sources written by hand', () => {
  test('say the devices by address, and the type of an IVMD by its devices', () => {
    const json = tableToJson(
      decodeIvrs(
        tableOf({
          structures: [
            { name: 'IVMD', startAddress: 0, memoryLength: 4096 },
            { name: 'IVMD', device: '0001:02:00.1', startAddress: 0, memoryLength: 4096 },
            {
              name: 'IVMD',
              device: '00:00.0',
              lastDevice: '0f:1f.7',
              unity: true,
              ir: true,
              startAddress: 0,
              memoryLength: 4096,
            },
          ],
        }),
      ).table as never,
    );
    expect(json.structures).toMatchObject([
      { type: 0x20, device: null, length: 32 },
      { type: 0x21, device: '0001:02:00.1', segment: 1, deviceId: 0x201 },
      {
        type: 0x22,
        device: '0000:00:00.0',
        lastDevice: '0000:0f:1f.7',
        auxiliaryData: 0xfff,
        flags: 3,
      },
    ]);
  });

  test('name entries by device, by range and by what they are', () => {
    const { table } = decodeIvrs(USUAL);
    expect(table && tableToJson(table).structures).toMatchObject([
      {
        name: 'IVHD',
        type: 0x11,
        length: 40 + 8 + 8,
        device: '0000:00:00.2',
        deviceEntries: [
          { type: 3, name: 'start of range', device: '0000:00:01.0', offset: 88 },
          { type: 4, name: 'end of range', device: '0000:ff:1f.6', offset: 92 },
          { type: 0x48, handle: 33, sourceDevice: '0000:00:14.0', device: null },
        ],
      },
      { name: 'IVMD', type: 0x21, exclusionRange: true },
      {
        type: 0x40,
        deviceEntries: [
          { type: 3 },
          { type: 4 },
          { type: 0xf0, hardwareId: 'AMDI0020', compatibleId: '\0'.repeat(8), uidLength: 9 },
          { type: 0x42, device: '0000:01:00.0', sourceDevice: '0000:00:14.4' },
          { type: 0x46, extendedData: 0x80000000, atsDisabled: true },
        ],
      },
    ]);
  });

  test.each([
    [{ ...IVHD, device: '00:00.2', deviceId: 3 }, 'json-contradiction', 'structures[0].device'],
    [{ ...IVHD, device: '0001:00:00.2', segment: 0 }, 'json-contradiction', 'structures[0].device'],
    [{ ...IVHD, devices: ['00:01.0-'] }, 'json-type', 'structures[0].devices[0].device'],
    [{ ...IVHD, devices: [{ name: 'devices' }] }, 'json-range', 'structures[0].devices[0].name'],
    [{ ...IVHD, type: '0x12' }, 'json-contradiction', 'structures[0].type'],
    [{ ...IVMD, ivInfo: 3 }, 'json-unknown-key', 'structures[0].ivInfo'],
  ])('%j is refused', (structure, code, path) => {
    expect(tableFromJson({ structures: [structure] }).problems).toMatchObject([{ code, path }]);
  });
});

describe('diagnostics', () => {
  test.each([
    [
      'another signature',
      Uint8Array.from([0x49, ...USUAL.subarray(0, 3), ...USUAL.subarray(4)]),
      'ivrs-table-signature',
      0,
    ],
    ['a block of no length', around('20000000'), 'ivrs-block-length-zero', 50],
    [
      'a block shorter than its fixed part',
      around('2100080000000000'),
      'ivrs-block-length-short',
      50,
    ],
    ['a block past the table', around('5100100000000000'), 'ivrs-block-length-overrun', 50],
    ['half a block header', around('1000'), 'ivrs-block-header-truncated', 48],
    ['a type nobody documents', around('5100080000000000'), 'ivrs-block-unknown-type', 48],
    [
      'an entry past its block',
      around(`10001c00${'0'.repeat(40)}48000000`),
      'ivrs-entry-overrun',
      72,
    ],
    ['half an entry', around(`10001a00${'0'.repeat(40)}0200`), 'ivrs-entry-truncated', 72],
    [
      'an ACPI device past its block',
      around(`40004000${'0'.repeat(72)}f0${'0'.repeat(40)}090000`),
      'ivrs-entry-overrun',
      88,
    ],
  ])('say of %s what and where', (_, bytes, code, offset) => {
    const found = decodeIvrs(bytes).diagnostics.find((one) => !/checksum|trailing/.test(one.code));
    expect(found).toMatchObject({ code, offset });
  });
});
