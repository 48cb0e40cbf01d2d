import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AmdIommu } from '../../../src/xen/amd/iommus.js';
import { IvrsMappings, type UnityMap, unityMaps } from '../../../src/xen/amd/mappings.js';

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

it('finds the same range, or one that overlaps, as a walk down the list does', () => {
  const end = ({ base, length }: UnityMap) => BigInt.asUintN(64, base + length);
  const range = fc.record({
    base: fc.oneof(fc.bigInt(0n, 12n), fc.bigInt(2n ** 64n - 4n, 2n ** 64n - 1n)),
    length: fc.bigInt(0n, 4n),
    read: fc.boolean(),
    write: fc.constant(true),
    global: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
      const mappings = new IvrsMappings(8);
      let list: UnityMap[] = [];
      for (const one of ranges) {
        const map: UnityMap = { ...one, origin: { option: 'ivmd' } };
        const met = list.find(
          (other) =>
            (other.base === map.base && other.length === map.length && other.read === map.read) ||
            (end(other) > map.base && end(map) > other.base),
        );
        const isSame = met?.base === map.base && met.length === map.length && met.read === map.read;
        expect(mappings.addUnityMap(2, 5, map) === null).toBe(met === undefined || isSame);
        if (met === undefined) list = [map, ...list];
        else if (isSame && map.global)
          list = list.map((other) => (other === met ? { ...met, global: true } : other));
        expect(unityMaps(mappings.at(3).maps)).toEqual(list);
        expect(mappings.at(6).maps).toBeNull();
      }
    }),
  );
});
