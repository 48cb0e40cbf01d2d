import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIvrs } from '../../../src/acpi/ivrs/decode.js';
import { type Change, diffTables } from '../../../src/diff/diff.js';
import { ivrsFixtures } from '../../support/fixtures.js';
import { mutated, tableOf } from '../../support/tables.js';

type Json = Record<string, unknown>;

function diff(old: Uint8Array, now: Uint8Array): Change[] {
  const [before, after] = [old, now].map((bytes) => ({ bytes, table: decodeIvrs(bytes).table }));
  if (!before?.table || !after?.table) throw new Error('no table');
  return diffTables({ ...before, table: before.table }, { ...after, table: after.table });
}

const IVHD: Json = {
  name: 'IVHD',
  type: '0x11',
  device: '00:00.2',
  baseAddress: '0xfd200000',
  devices: ['00:01.0-ff:1f.6'],
};
const WIFI: Json = {
  name: 'IVMD',
  device: '03:00.0',
  flags: 8,
  startAddress: '0x97b98000',
  memoryLength: '0x2000',
};

/** Changes in words, without the header's that follow from any change. */
const between = (old: Json[], now: Json[]): string[] =>
  diff(
    tableOf({ header: { signature: 'IVRS' }, structures: old }),
    tableOf({ header: { signature: 'IVRS' }, structures: now }),
  )
    .filter(({ what }) => what !== 'header')
    .map(({ kind, subject, details }) =>
      [
        `${kind} ${subject}`,
        ...details.map(({ device, field, old: from, new: to }) =>
          [device === null ? field : `${device}: ${field}`, from, to].join(' '),
        ),
      ].join('; '),
    );

describe('diff of IVRS tables', () => {
  it('tells a region that moved, and one for other devices', () => {
    expect(between([IVHD, WIFI], [IVHD, { ...WIFI, startAddress: '0x96000000' }])).toEqual([
      'moved IVMD 0x97b98000-0x97b99fff for 0000:03:00.0; startAddress 0x0000000097b98000 0x0000000096000000',
    ]);
    expect(between([IVHD, WIFI], [IVHD, { ...WIFI, device: '04:00.0' }])).toEqual([
      'changed IVMD 0x97b98000-0x97b99fff for 0000:03:00.0; device 0000:03:00.0 0000:04:00.0',
    ]);
    expect(between([IVHD], [IVHD, { ...WIFI, device: null }])).toEqual([
      'added IVMD 0x97b98000-0x97b99fff for all devices',
    ]);
  });

  it('names the entries of an IVHD', () => {
    const special = { name: 'special device', handle: 33, variety: 1, sourceDevice: '00:14.0' };
    const more = { ...IVHD, devices: ['00:01.0-ff:1f.6', special] };
    expect(between([IVHD], [more])).toEqual([
      'changed IVHD 0000:00:00.2, type 0x11; deviceEntries  special device 33, 0000:00:14.0',
    ]);
    expect(between([more], [{ ...IVHD, devices: ['00:02.0-ff:1f.6', special] }])).toEqual([
      'changed IVHD 0000:00:00.2, type 0x11; deviceEntries start of range 0000:00:01.0 ; deviceEntries  start of range 0000:00:02.0',
    ]);
  });

  it('finds something exactly where bytes differ', () => {
    const tables = ivrsFixtures.map(({ bytes }) => bytes);
    fc.assert(
      fc.property(fc.constantFrom(...tables), mutated(tables), (old, now) => {
        fc.pre(decodeIvrs(now).table !== null);
        expect(diff(old, now).length === 0).toBe(Buffer.compare(old, now) === 0);
      }),
      { numRuns: 500 },
    );
  });
});
