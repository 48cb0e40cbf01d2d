import { describe, expect, test } from 'vitest';
import { parseSbdf, type Sbdf } from '../../src/base/sbdf.js';
import { LinuxAmd } from '../../src/linux/amd.js';
import { type LinuxKernel, parseLinuxRelease } from '../../src/linux/kernel.js';
import { tableOf } from '../support/tables.js';

const at = (bdf: string) => parseSbdf(bdf) as Sbdf;

const ivhd = (type = '0x10', devices: unknown[] = ['00:01.0-ff:1f.6']) => ({
  name: 'IVHD',
  type,
  device: '00:00.2',
  capabilityOffset: 0x40,
  baseAddress: '0xfeb80000',
  devices,
});
/** An IVMD; its type is told by its devices. */
const ivmd = (changes: object = { device: '02:00.0' }) => ({
  name: 'IVMD',
  flags: 7,
  startAddress: '0xbf000000',
  memoryLength: '0x2000',
  ...changes,
});

const read = (structures: object[], linux = '6.8', cmdline: string | null = null) =>
  new LinuxAmd(tableOf({ structures }), parseLinuxRelease(linux) as LinuxKernel, cmdline);
const fn = (bdf: string) => ({ address: at(bdf), classCode: null, physicalFunction: null });
const places = (iommu: LinuxAmd, bdf: string) =>
  iommu.regionsOf(fn(bdf)).map(({ base, limit }) => `${base.toString(16)}-${limit.toString(16)}`);

describe('the regions of a device', () => {
  test('are those of the blocks that name it, its range or all', () => {
    const iommu = read([
      ivhd(),
      ivmd(),
      ivmd({ device: '02:00.0', lastDevice: '02:00.7', startAddress: '0xc0000000' }),
      ivmd({ startAddress: '0xd0000000' }),
    ]);
    expect(places(iommu, '0000:02:00.0')).toEqual([
      ...['bf000000-bf001fff', 'c0000000-c0001fff', 'd0000000-d0001fff'],
    ]);
    expect(places(iommu, '0000:02:00.7')).toEqual(['c0000000-c0001fff', 'd0000000-d0001fff']);
    expect(places(iommu, '0000:03:00.0')).toEqual(['d0000000-d0001fff']);
  });

  test('begin at a page, rounded up, and have whole pages', () => {
    const iommu = read([
      ivhd(),
      ivmd({ device: '02:00.0', startAddress: '0xbf000800', memoryLength: '0x1001' }),
    ]);
    expect(places(iommu, '0000:02:00.0')).toEqual(['bf001000-bf002fff']);
  });

  test('need the unity or the exclusion flag, and the latter kernels from 5.6 on', () => {
    const flags = (value: number, linux?: string) =>
      read([ivhd(), ivmd({ device: '02:00.0', flags: value })], linux).regionsOf(
        fn('0000:02:00.0'),
      );
    expect(flags(6)).toEqual([]);
    expect(flags(3)).toMatchObject([{ read: true, write: false }]);
    expect(flags(5)).toMatchObject([{ read: false, write: true }]);
    expect(flags(8)).toMatchObject([{ read: true, write: true }]);
    expect(flags(8, '5.5')).toEqual([]);
  });
});

test('a function that no IVHD of the newest form lists has no IOMMU', () => {
  const iommu = read([ivhd(), ivhd('0x11', ['03:00.0'])]);
  expect(iommu.serves(fn('0000:03:00.0'))).toBe(true);
  expect(iommu.serves(fn('0000:02:00.0'))).toBe(false);
  expect(read([ivhd()]).serves(fn('0000:00:00.2'))).toBe(false);
});

test('the whole table is given up for its checksum, without an IVHD, and by options', () => {
  const bytes = tableOf({ structures: [ivhd()] });
  bytes[9] = ((bytes[9] as number) + 1) & 0xff;
  const kernel = parseLinuxRelease('6.8') as LinuxKernel;
  expect(new LinuxAmd(bytes, kernel, null).failure?.reason).toBe('checksum');
  expect(read([ivmd()]).failure?.reason).toBe('no-unit');
  expect(read([ivhd()], '6.8', 'quiet amd_iommu=off').failure?.reason).toBe('option');
  expect(read([ivhd()], '6.8', 'amd_iommu=on intel_iommu=off').failure).toBeNull();
});
