import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import type { JsonProblem } from '../../../src/acpi/from-json.js';
import { tableFromJson } from '../../../src/acpi/table-from-json.js';
import { tableToJson } from '../../../src/acpi/tables.js';
import { corpusNote, corpusTables } from '../../support/corpus.js';
import { schemaErrors } from '../../support/schema.js';
import { mutated, tableOf } from '../../support/tables.js';

const RMRR = {
  name: 'RMRR',
  baseAddress: '0xbf7e8000',
  limitAddress: '0xbf7f7fff',
  devices: ['0000:00:1d.0'],
};

/** What show prints and build reads: JSON text and back; what is printed keeps its schema. */
function throughJson(bytes: Uint8Array): Uint8Array | null {
  const { table, diagnostics } = decodeDmar(bytes);
  if (table === null) return null;
  const json = JSON.parse(JSON.stringify(tableToJson(table)));
  const source = {
    path: 'x',
    kind: 'table',
    signature: 'DMAR',
    length: 48,
    sha256: null,
    completeness: 'whole',
  };
  const document = { source, ...json, diagnostics, notes: [], format_version: 1 };
  expect(schemaErrors('show', document)).toEqual([]);
  const { bytes: built, problems } = tableFromJson(json);
  expect(problems).toEqual([]);
  return built;
}

const shown = (json: unknown) => {
  const { table } = decodeDmar(tableOf(json));
  if (table === null) throw new Error('no table');
  return tableToJson(table);
};

const problemsOf = (...structures: unknown[]): Pick<JsonProblem, 'code' | 'path'>[] =>
  tableFromJson({ structures }).problems.map(({ code, path }) => ({ code, path }));

describe('a table as JSON', () => {
  test('has the keys of the contract in their order', () => {
    const json = shown({ structures: [RMRR] });
    expect(Object.keys(json.header)).toEqual([
      'signature',
      'length',
      'revision',
      'checksum',
      'oemId',
      'oemTableId',
      'oemRevision',
      'creatorId',
      'creatorRevision',
      'hostAddressWidth',
      'flags',
      'intrRemap',
      'x2apicOptOut',
      'dmaCtrlPlatformOptInFlag',
      'reserved',
    ]);
    expect(JSON.stringify(json.structures[0])).toBe(
      JSON.stringify({
        type: 1,
        name: 'RMRR',
        offset: 48,
        length: 32,
        reserved: 0,
        segment: 0,
        baseAddress: '0x00000000bf7e8000',
        limitAddress: '0x00000000bf7f7fff',
        deviceScope: [
          {
            type: 1,
            name: 'PCI endpoint',
            offset: 72,
            length: 8,
            flags: 0,
            reserved: 0,
            enumerationId: 0,
            startBusNumber: 0,
            path: [[29, 0]],
            device: '0000:00:1d.0',
          },
        ],
      }),
    );
  });

  test('names a device behind bridges by its path, or by its address where the machine is known', () => {
    const { table } = decodeDmar(tableOf({ structures: [{ ...RMRR, devices: ['00:1c.0/00.1'] }] }));
    const device = (resolve?: Parameters<typeof tableToJson>[1]) =>
      (table === null ? null : tableToJson(table, resolve))?.structures[0]?.deviceScope;
    expect(device()).toMatchObject([{ device: '0000:00:1c.0/00.1' }]);
    expect(device(() => null)).toMatchObject([{ device: '0000:00:1c.0/00.1' }]);
    expect(device(() => ({ segment: 0, bus: 8, device: 0, func: 1 }))).toMatchObject([
      {
        path: [
          [0x1c, 0],
          [0, 1],
        ],
        device: '0000:08:00.1',
      },
    ]);
  });
});

describe('JSON as a table', () => {
  test.skipIf(corpusTables.length === 0)(`gives back the very bytes${corpusNote}`, () => {
    for (const { name, bytes } of corpusTables) expect(throughJson(bytes), name).toEqual(bytes);
  });

  test('gives back the very bytes of broken tables', () => {
    const tables = [
      ...corpusTables.slice(0, 20).map(({ bytes }) => bytes),
      tableOf({ structures: [RMRR, { name: 'ANDD', acpiDeviceNumber: 1, acpiPath: '\\_SB.A' }] }),
    ];
    fc.assert(
      fc.property(mutated(tables), (bytes) => {
        const built = throughJson(bytes);
        if (built !== null) expect(built).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test('gives back the very bytes where a machine resolved the paths', () => {
    const bytes = tableOf({ structures: [{ ...RMRR, devices: ['00:1c.0/00.1', '00:1d.0'] }] });
    const { table } = decodeDmar(bytes);
    if (table === null) throw new Error('no table');
    const json = tableToJson(table, () => ({ segment: 0, bus: 8, device: 0, func: 1 }));
    expect(tableFromJson(json)).toEqual({ bytes, problems: [] });
  });

  test('computes lengths and the checksum where they are left out, and only there', () => {
    const right = shown({ structures: [RMRR] });
    expect(decodeDmar(tableOf({ structures: [RMRR] })).diagnostics).toEqual([]);
    expect(right.header).toMatchObject({ length: 80, revision: 1 });
    const wrong = { header: { length: 99, checksum: 7 }, structures: [{ ...RMRR, length: 33 }] };
    const { table } = decodeDmar(tableOf(wrong));
    expect(table?.header).toMatchObject({ length: 99, checksum: 7 });
    expect(table?.structures[0]).toMatchObject({ length: 33 });
    expect(tableFromJson(wrong, { fix: true }).bytes).toEqual(tableOf({ structures: [RMRR] }));
  });

  test('ends an ACPI path with a NUL unless the source says how long the structure is', () => {
    const andd = { name: 'ANDD', acpiDeviceNumber: 1, acpiPath: '\\_SB' };
    expect(shown({ structures: [andd] }).structures).toMatchObject([
      { length: 13, trailing: '00' },
    ]);
    const [unterminated] = shown({ structures: [{ ...andd, length: 12 }] }).structures;
    expect(unterminated).not.toHaveProperty('trailing');
  });

  test('takes the segment from the devices where it is left out', () => {
    const { structures } = shown({
      structures: [{ ...RMRR, devices: ['00:02.0', '0002:00:1d.0'] }],
    });
    expect(structures).toMatchObject([
      { segment: 2, deviceScope: [{ device: '0002:00:02.0' }, {}] },
    ]);
  });

  test('takes flags bit by bit, and other scopes than endpoints by name', () => {
    const { structures } = shown({
      structures: [
        {
          name: 'DRHD',
          comment: 'the unit for all else',
          includePciAll: true,
          registerBaseAddress: 0xfed91000,
          devices: [{ name: 'I/O APIC', enumerationId: 8, device: 'f0:1f.0' }],
        },
      ],
    });
    expect(structures).toMatchObject([
      { flags: 1, deviceScope: [{ type: 3, enumerationId: 8, device: '0000:f0:1f.0' }] },
    ]);
  });

  test.each([
    ['no name', [{}], { code: 'json-missing', path: 'structures[0]' }],
    [
      'no base',
      [{ ...RMRR, baseAddress: undefined }],
      { code: 'json-missing', path: 'structures[0].baseAddress' },
    ],
    ['another name', [{ name: 'RMR' }], { code: 'json-range', path: 'structures[0].name' }],
    [
      'name and type',
      [{ ...RMRR, type: 0 }],
      { code: 'json-contradiction', path: 'structures[0].type' },
    ],
    [
      'a misspelt key',
      [{ ...RMRR, base: '0x0' }],
      { code: 'json-unknown-key', path: 'structures[0].base' },
    ],
    [
      'too wide',
      [{ ...RMRR, segment: 65536 }],
      { code: 'json-range', path: 'structures[0].segment' },
    ],
    [
      'an inexact number',
      [{ ...RMRR, baseAddress: 2 ** 60 }],
      { code: 'json-type', path: 'structures[0].baseAddress' },
    ],
    [
      'no device',
      [{ ...RMRR, devices: ['1d.0'] }],
      { code: 'json-type', path: 'structures[0].devices[0].device' },
    ],
    [
      'the device of another segment',
      [{ ...RMRR, segment: 1 }],
      { code: 'json-contradiction', path: 'structures[0].devices[0].device' },
    ],
    [
      'device and path',
      [{ ...RMRR, devices: [{ device: '00:1d.0', path: [[29, 1]] }] }],
      { code: 'json-contradiction', path: 'structures[0].devices[0].device' },
    ],
    [
      'scope name and type',
      [{ ...RMRR, devices: [{ name: 'I/O APIC', type: 1, device: '00:1d.0' }] }],
      { code: 'json-contradiction', path: 'structures[0].devices[0].name' },
    ],
    [
      'flags and their bits',
      [{ name: 'ATSR', flags: 0, allPorts: true }],
      { code: 'json-contradiction', path: 'structures[0].allPorts' },
    ],
    [
      'both lists of devices',
      [{ ...RMRR, deviceScope: [] }],
      { code: 'json-contradiction', path: 'structures[0].devices' },
    ],
    [
      'odd hex digits',
      [{ type: 9, name: 'unknown', data: 'abc' }],
      { code: 'json-type', path: 'structures[0].data' },
    ],
    [
      'half a hop',
      [{ ...RMRR, devices: [{ path: [[1]] }] }],
      { code: 'json-type', path: 'structures[0].devices[0].path[0]' },
    ],
    [
      'an overlong text',
      [{ name: 'unknown', type: 9, data: '00'.repeat(65536) }],
      { code: 'json-range', path: 'structures[0]' },
    ],
  ])('complains of %s where it stands', (_, structures, problem) => {
    expect(problemsOf(...structures)).toContainEqual(problem);
  });

  test('complains of anything on one short line that is harmless to a terminal', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    const nasty = `\u001b[31m\u009b${'x'.repeat(10_000)}`;
    for (const value of [deep, nasty, { [nasty]: deep }]) {
      const { problems } = tableFromJson({
        structures: [value, { ...RMRR, baseAddress: value, devices: value }, { name: value }],
        [nasty]: 1,
      });
      expect(problems.length).toBeGreaterThan(0);
      for (const { path, message } of problems) {
        expect(`${path} ${message}`).toMatch(/^[\x20-\x7e…]{1,400}$/);
      }
    }
  });

  test('complains, and throws nothing, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, other) => {
        for (const json of [
          value,
          { structures: [value, { ...RMRR, devices: [value, other] }], header: other },
        ]) {
          const { bytes, problems } = tableFromJson(json);
          expect(bytes === null).toBe(problems.length > 0);
        }
      }),
    );
  });
});
