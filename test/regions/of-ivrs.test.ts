import { describe, expect, it } from 'vitest';
import { decodeIvrs } from '../../src/acpi/ivrs/decode.js';
import { formatSbdf, parseSbdf, type Sbdf } from '../../src/base/sbdf.js';
import { IvrsRegions } from '../../src/regions/of-ivrs.js';
import { tableOf } from '../support/tables.js';
import { topologyOf } from '../support/vectors.js';

const ivhd = (device: string, devices: string): object => ({
  name: 'IVHD',
  type: '0x11',
  device,
  baseAddress: '0xfd200000',
  devices: [devices],
});
const ivmd = (more: object): object => ({
  name: 'IVMD',
  flags: 8,
  startAddress: '0x97b98000',
  memoryLength: '0x2000',
  ...more,
});
const IOMMUS = [ivhd('00:00.2', '00:01.0-1f:1f.6'), ivhd('20:00.2', '20:01.0-3f:1f.6')];
const PCI = ['0000:00:00.0', '0000:00:01.0', '0000:03:00.0', '0000:03:00.1', '0000:21:00.0'];

const regionsOf = (block: object, knows = true): IvrsRegions => {
  const { table } = decodeIvrs(tableOf({ structures: [...IOMMUS, block] }));
  if (table === null) throw new Error('no table');
  const pci = PCI.map((bdf) => ({ bdf, class: '0x020000' }));
  return new IvrsRegions(table, knows ? topologyOf({ pci, e820: [] }) : null);
};
const touched = (regions: IvrsRegions): string[] =>
  PCI.filter((bdf) => regions.touching(parseSbdf(bdf) as Sbdf).length > 0);

describe('the functions that a region touches', () => {
  it.each([
    ['one device', { device: '03:00.0' }, ['0000:03:00.0']],
    ['a range', { device: '00:01.0', lastDevice: '03:00.0' }, ['0000:00:01.0', '0000:03:00.0']],
    ['all behind an IOMMU', { device: null }, PCI.slice(1)],
    ['those of one IOMMU', { type: '0x23', device: '20:00.2' }, ['0000:21:00.0']],
    ['none without unity and exclusion', { device: '03:00.0', flags: 6 }, []],
    ['none of no bytes', { device: '03:00.0', memoryLength: 0 }, []],
    ['another segment', { device: '0001:03:00.0' }, []],
  ])('%s', (_, block, expected) => {
    const regions = regionsOf(ivmd(block));
    expect(touched(regions)).toEqual(expected);
    expect(regions.named().map(formatSbdf)).toEqual(expected);
  });

  it('are named without a machine where there is but one', () => {
    expect(
      regionsOf(ivmd({ device: '03:00.0' }), false)
        .named()
        .map(formatSbdf),
    ).toEqual(['0000:03:00.0']);
    const range = regionsOf(ivmd({ device: '00:01.0', lastDevice: '03:00.0' }), false);
    expect(range.regions).toMatchObject([
      {
        base: 0x97b98000n,
        limit: 0x97b99fffn,
        devices: null,
        origin: { table: 'IVRS', structure: 'IVMD', index: 0 },
      },
    ]);
    expect(touched(range)).toEqual(['0000:00:01.0', '0000:03:00.0']);
  });
});

it('regions of a device stand in the order of the table, whatever blocks they are of', () => {
  const all = ivmd({ device: null });
  const one = ivmd({ device: '03:00.0' });
  const { table } = decodeIvrs(tableOf({ structures: [...IOMMUS, one, all, one, all] }));
  if (table === null) throw new Error('no table');
  const regions = new IvrsRegions(table, null);
  const places = (device: string) =>
    regions
      .touching(parseSbdf(device) as Sbdf)
      .map(({ region: { origin } }) => 'index' in origin && origin.index);
  expect(places('03:00.0')).toEqual([0, 1, 2, 3]);
  expect(places('03:00.1')).toEqual([1, 3]);
  expect(regions.named()).toEqual([parseSbdf('03:00.0')]);
});
