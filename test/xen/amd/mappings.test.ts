import { expect, it } from 'vitest';
import type { AmdIommu } from '../../../src/xen/amd/iommus.js';
import { IvrsMappings, type UnityMap } from '../../../src/xen/amd/mappings.js';

it('devices of which as much is known are one run, so that a region for all of them is looked at once', () => {
  const mappings = new IvrsMappings(1000);
  const iommu = { segment: 0, bdf: 2 } as AmdIommu;
  for (let bdf = 8; bdf < 900; bdf++) mappings.add(bdf, bdf, null, iommu);
  const map: UnityMap = {
    base: 0x1000n,
    length: 0x1000n,
    read: true,
    write: true,
    global: true,
    origin: { option: 'ivmd' },
  };
  expect(mappings.addUnityMap(0, 999, map)).toBeNull();
  expect([...mappings.runs()].map(({ first, last }) => [first, last])).toEqual([
    [0, 7],
    [8, 899],
    [900, 999],
  ]);
});
