import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDmar } from '../../src/linux/dmar.js';
import { type LinuxKernel, NEWEST_LINUX, parseLinuxRelease } from '../../src/linux/kernel.js';
import { LinuxMemoryMap } from '../../src/linux/memory-map.js';
import { tableOf } from '../support/tables.js';

const unit = (base: string, more: object = {}) => ({
  name: 'DRHD',
  flags: 1,
  registerBaseAddress: base,
  ...more,
});
const UNIT = unit('0xfed90000');
const region = (devices: unknown[] = ['0000:00:02.0'], more: object = {}) => ({
  name: 'RMRR',
  baseAddress: '0xbf000000',
  limitAddress: '0xbf000fff',
  devices,
  ...more,
});

const read = (structures: object[], linux?: string, memory: LinuxMemoryMap | null = null) =>
  readDmar(
    tableOf({ structures }),
    linux === undefined ? NEWEST_LINUX : (parseLinuxRelease(linux) as LinuxKernel),
    memory,
  );
/** Why the kernel does without, of bytes changed after the table was made. */
const reason = (structures: object[], edit: (view: DataView) => void = () => {}) => {
  const bytes = tableOf({ structures });
  edit(new DataView(bytes.buffer, bytes.byteOffset));
  return readDmar(bytes, NEWEST_LINUX, null).failure;
};

describe('a table is given up', () => {
  test.each([
    ['a unit at 0 beside a good one', [UNIT, unit('0x0', { flags: 0 })], 'base-zero', 64],
    ['a unit at the end of all addresses', [unit('0xffffffffffffffff')], 'base-all-ones', 48],
    ['one base on two segments', [UNIT, unit('0xfed90000', { segment: 1 })], 'base-taken', 64],
    ['registers that overlap', [unit('0xfed90800'), UNIT], 'base-taken', 64],
    ['no unit', [region()], 'no-unit', 0],
  ] as const)('for %s', (_what, structures, code, offset) => {
    expect(reason([...structures])).toEqual({ reason: code, hangs: false, offset });
  });

  test('for a length of 0, and hangs where a unit was read', () => {
    const zero = (at: number) => (view: DataView) => view.setUint16(at + 2, 0, true);
    expect(reason([UNIT, region()], zero(48))?.reason).toBe('no-unit');
    expect(reason([UNIT, region()], zero(64))).toEqual({
      ...{ reason: 'structure-loop', hangs: true, offset: 64 },
    });
  });

  test('and hangs for a device scope entry of length 0, or of 4 on bus 0', () => {
    const scope = 48 + 16 + 24;
    const length = (value: number) => (view: DataView) => view.setUint8(scope + 1, value);
    const stopped = (at: number) => ({ reason: 'scope-loop', hangs: true, offset: at });
    expect(reason([UNIT, region()], length(0))).toEqual(stopped(scope));
    expect(reason([UNIT, region()], length(4))).toEqual(stopped(scope + 4));
    expect(reason([UNIT, region()], length(6))).not.toEqual(stopped(scope));
  });

  test('not for two units of a segment with one base: the second is dropped', () => {
    const { failure, units } = read([UNIT, unit('0xfed90000', { flags: 0 })]);
    expect(failure).toBeNull();
    expect(units).toMatchObject([{ offset: 48, includesAll: true }]);
  });

  test('for a region outside of reserved memory by 5.5 alone', () => {
    const memory = new LinuxMemoryMap([{ start: 0n, end: 0xc000_0000n, type: 1 }]);
    const by = (linux: string) => {
      const { failure, complaints } = read([UNIT, region()], linux, memory);
      return [failure?.reason ?? null, [...complaints.keys()]];
    };
    expect(by('5.4')).toEqual([null, []]);
    expect(by('5.5')).toEqual(['region-place', []]);
    expect(by('5.6')).toEqual([null, ['No firmware reserved region', 'bad RMRR']]);
  });
});

test('units that name devices come before those that take all, the last first', () => {
  const { units } = read([
    unit('0xfed90000', { flags: 0, devices: ['0000:00:02.0'] }),
    unit('0xfed91000'),
    unit('0xfed92000', { flags: 0, devices: ['0000:00:03.0'] }),
  ]);
  expect(units.map(({ base }) => base)).toEqual([0xfed92000n, 0xfed90000n, 0xfed91000n]);
});

test('SATC structures are read from 5.14 on, and ATSRs without ALL_PORTS', () => {
  const structures = [
    UNIT,
    { name: 'ATSR', flags: 0, devices: ['0000:00:01.0'] },
    { name: 'ATSR', flags: 1, devices: ['0000:00:01.0'] },
    { name: 'SATC', devices: ['0000:00:02.0'] },
  ];
  expect(read(structures, '5.13').others).toHaveLength(1);
  expect(read(structures, '5.14').others).toHaveLength(2);
});

test('any bytes are read to an end, and never throw', () => {
  const header = tableOf({ structures: [UNIT] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (rest, whole) => {
      const bytes = Uint8Array.from([...header, ...rest]);
      new DataView(bytes.buffer).setUint32(4, whole ? bytes.length : bytes.length + 8, true);
      const { failure } = readDmar(bytes, NEWEST_LINUX, null);
      expect(failure === null || failure.offset <= bytes.length).toBe(true);
      readDmar(rest, NEWEST_LINUX, null);
    }),
  );
});
