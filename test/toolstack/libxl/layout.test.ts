import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSbdf, type Sbdf } from '../../../src/base/sbdf.js';
import {
  type GuestConfig,
  layOutGuest,
  MIB,
  type ReservedDeviceMemory,
} from '../../../src/toolstack/libxl/layout.js';
import { completeConfig } from '../../../src/toolstack/xl/config.js';

const device = (text: string): Sbdf => parseSbdf(text) as Sbdf;
const USB = device('00:1d.0');
const GPU = device('00:02.0');

/** The two regions of xl.cfg(5)'s example: 0xac6d3000–0xac6e6fff and 0xad800000–0xafffffff. */
const A = { start_pfn: 0xac6d3n, nr_pages: 0x14n, owners: ['0000:00:1d.0'] };
const B = { start_pfn: 0xad800n, nr_pages: 0x2800n, owners: ['0000:00:02.0'] };

const query =
  (regions: ReservedDeviceMemory[], owners: [Sbdf, ReservedDeviceMemory[]][] = []) =>
  (asked: Sbdf | null) =>
    asked === null ? regions : (owners.find(([owner]) => owner === asked)?.[1] ?? []);

const example = query(
  [B, A],
  [
    [USB, [A]],
    [GPU, [B]],
  ],
);

const guest = (options: Partial<GuestConfig>) =>
  completeConfig({ memory: 2800n * MIB, ...options });
const host = (policy: 'strict' | 'relaxed' | null) => ({ strategy: 'host' as const, policy });

describe('the example of xl.cfg(5): 2800 MiB, so that RAM would reach 0xaf000000', () => {
  test('strategy host: RAM ends at the large page below A, the rest goes above 4 GiB', () => {
    const layout = layOutGuest(guest({ rdm: host(null) }), example);
    expect(layout.refusal).toBeNull();
    expect(layout.e820).toEqual([
      { start: 0x10_0000n, size: 0xac50_0000n, type: 1 },
      { start: 0xad80_0000n, size: 0x280_0000n, type: 2 },
      { start: 0xac6d_3000n, size: 0x1_4000n, type: 2 },
      { start: 0x1_0000_0000n, size: 0x2a0_0000n, type: 1 },
    ]);
    expect(layout.regions.map(({ fate }) => fate)).toEqual(['ram-moved', 'ram-moved']);
  });

  test('the order of the answer decides the order of the E820, not where RAM ends', () => {
    const layout = layOutGuest(guest({ rdm: host(null) }), query([A, B]));
    expect(layout.e820.map(({ start }) => start)).toEqual([
      0x10_0000n,
      0xac6d_3000n,
      0xad80_0000n,
      0x1_0000_0000n,
    ]);
    expect(layout.lowmemEnd).toBe(0xac60_0000n);
    expect(layout.highmemEnd).toBe(0x1_02a0_0000n);
  });

  test('without hap, RAM ends right below A', () => {
    const layout = layOutGuest(guest({ rdm: host(null), hap: false }), example);
    expect(layout.lowmemEnd).toBe(0xac6d_3000n);
    expect(layout.highmemEnd).toBe(0x1_0292_d000n);
  });

  test('pci = [A]: the guest hears of A alone', () => {
    const layout = layOutGuest(guest({ pci: [{ device: USB, rdmPolicy: null }] }), example);
    expect(layout.e820).toEqual([
      { start: 0x10_0000n, size: 0xac50_0000n, type: 1 },
      { start: 0xac6d_3000n, size: 0x1_4000n, type: 2 },
      { start: 0x1_0000_0000n, size: 0x2a0_0000n, type: 1 },
    ]);
    expect(layout.regions[0]).toMatchObject({ policy: 'strict', devices: [USB] });
  });

  test('pci = [B]: RAM ends at B, which begins on a large page', () => {
    const layout = layOutGuest(guest({ pci: [{ device: GPU, rdmPolicy: null }] }), example);
    expect(layout.lowmemEnd).toBe(0xad80_0000n);
    expect(layout.highmemEnd).toBe(0x1_0180_0000n);
  });

  test('boundary 3072 and strict: refused', () => {
    const config = guest({ rdm: host('strict'), rdmMemBoundary: 3072n * MIB });
    const layout = layOutGuest(config, example);
    expect(layout.refusal).toBe('rdm-conflict');
    expect(layout.e820).toEqual([]);
    expect(layout.regions.map(({ fate }) => fate)).toEqual(['refused', 'refused']);
  });

  test('boundary 3072 and relaxed: created, the regions hidden in RAM', () => {
    const config = guest({ rdm: host('relaxed'), rdmMemBoundary: 3072n * MIB });
    const layout = layOutGuest(config, example);
    expect(layout.refusal).toBeNull();
    expect(layout.e820).toEqual([{ start: 0x10_0000n, size: 0xaef0_0000n, type: 1 }]);
    expect(layout.regions.map(({ fate }) => fate)).toEqual(['hidden', 'hidden']);
  });

  test("a device's policy replaces the global one for its region", () => {
    const config = guest({
      rdm: host('strict'),
      rdmMemBoundary: 3072n * MIB,
      pci: [{ device: USB, rdmPolicy: 'relaxed' }],
    });
    const layout = layOutGuest(config, example);
    expect(layout.regions.map(({ policy, fate }) => [policy, fate])).toEqual([
      ['strict', 'refused'],
      ['relaxed', 'hidden'],
    ]);
  });

  test('strategy ignore and no device: the hypervisor is not asked', () => {
    const layout = layOutGuest(guest({}), () => {
      throw new Error('asked');
    });
    expect(layout.e820).toEqual([{ start: 0x10_0000n, size: 0xaef0_0000n, type: 1 }]);
  });
});

describe('the rules one by one', () => {
  const at = (start_pfn: bigint) => query([{ start_pfn, nr_pages: 1n, owners: [] }]);
  const bounded = (mib: bigint) => guest({ rdm: host('strict'), rdmMemBoundary: mib * MIB });

  test('a region exactly at the boundary is not resolved, one page above it is', () => {
    expect(layOutGuest(bounded(2048n), at(0x80000n)).refusal).toBe('rdm-conflict');
    const above = layOutGuest({ ...bounded(2048n), hap: false }, at(0x80001n));
    expect(above).toMatchObject({ refusal: null, lowmemEnd: 0x8000_1000n });
  });

  test('rounding may end RAM at the boundary itself', () => {
    expect(layOutGuest(bounded(2048n), at(0x80001n)).lowmemEnd).toBe(0x8000_0000n);
  });

  test('up to 2 MiB the start is not rounded, so that RAM does not vanish', () => {
    expect(layOutGuest(bounded(0n), at(0x1ffn)).lowmemEnd).toBe(0x1f_f000n);
    expect(layOutGuest(bounded(0n), at(0x200n)).lowmemEnd).toBe(0x20_0000n);
    expect(layOutGuest(bounded(0n), at(0x201n)).lowmemEnd).toBe(0x20_0000n);
  });

  test('a region that begins where RAM ends is no conflict', () => {
    const layout = layOutGuest(bounded(2048n), at(0xaf000n));
    expect(layout).toMatchObject({ lowmemEnd: 0xaf00_0000n, highmemEnd: 0n });
    expect(layout.regions[0]?.fate).toBe('exposed');
  });

  test('the MMIO hole is 256 MiB at least and sends RAM above 4 GiB', () => {
    const large = (mmioHole: bigint) =>
      layOutGuest(completeConfig({ memory: 8192n * MIB, mmioHole }), query([]));
    expect(large(128n * MIB).mmioStart).toBe(0xf000_0000n);
    expect(large(256n * MIB).mmioStart).toBe(0xf000_0000n);
    expect(large(1024n * MIB)).toMatchObject({
      mmioStart: 0xc000_0000n,
      lowmemEnd: 0xc000_0000n,
      highmemEnd: 0x2_4000_0000n,
    });
  });

  test('a region above 4 GiB is refused once RAM moved up reaches it', () => {
    const above = { start_pfn: 0x100000n, nr_pages: 1n, owners: [] };
    const layout = layOutGuest(bounded(2048n), query([above, A]));
    expect(layout.regions.map(({ fate }) => fate)).toEqual(['refused', 'ram-moved']);
    expect(layOutGuest(bounded(2048n), query([above])).regions[0]?.fate).toBe('exposed');
  });

  test('128 entries are more than libxl sets', () => {
    const regions = (n: number) =>
      query(
        Array.from({ length: n }, (_, i) => ({
          start_pfn: 0xf0000n + 2n * BigInt(i),
          nr_pages: 1n,
          owners: [],
        })),
      );
    expect(layOutGuest(bounded(2048n), regions(126)).e820).toHaveLength(127);
    expect(layOutGuest(bounded(2048n), regions(127)).refusal).toBe('too-many-entries');
  });

  test('two devices of one region: it is listed once, and the later one has the say', () => {
    const shared = query(
      [],
      [
        [USB, [A]],
        [GPU, [A, B]],
      ],
    );
    const config = guest({
      pci: [
        { device: USB, rdmPolicy: 'strict' },
        { device: GPU, rdmPolicy: 'relaxed' },
      ],
    });
    const { regions } = layOutGuest(config, shared);
    expect(regions.map(({ start, policy, devices }) => [start, policy, devices])).toEqual([
      [0xac6d_3000n, 'relaxed', [USB, GPU]],
      [0xad80_0000n, 'relaxed', [GPU]],
    ]);
  });

  test('a region of 0 pages is in the way of RAM that it begins in', () => {
    const empty = { ...A, nr_pages: 0n };
    const layout = layOutGuest(guest({ rdm: host('strict') }), query([empty]));
    expect(layout).toMatchObject({ refusal: null, lowmemEnd: 0xac60_0000n });
  });

  test('a device without a region is told', () => {
    const layout = layOutGuest(guest({ pci: [{ device: USB, rdmPolicy: null }] }), query([]));
    expect(layout.withoutRegion).toEqual([USB]);
    expect(layout.regions).toEqual([]);
  });
});

/**
 * The rules said another way, in pages and without any order: RAM below 4 GiB ends at the lowest start,
 * rounded, of the regions above the boundary that RAM was to reach.
 */
function restated(config: GuestConfig, regions: ReservedDeviceMemory[]) {
  const pages = (bytes: bigint) => Number(bytes / 4096n);
  const top = 0x100000 - Math.max(pages(config.mmioHole), 0x10000);
  const asked = pages(config.memory);
  const low = Math.min(asked, top);
  const ends = regions
    .map(({ start_pfn }) => Number(start_pfn))
    .filter((start) => start > pages(config.rdmMemBoundary) && start < low)
    .map((start) => (config.hap && start > 512 ? Math.floor(start / 512) * 512 : start));
  const lowEnd = Math.min(low, ...ends);
  const highEnd = asked === lowEnd ? 0 : 0x100000 + asked - lowEnd;
  const inRam = regions.map(({ start_pfn, nr_pages }) => {
    const [first, end] = [Number(start_pfn), Number(start_pfn + nr_pages)];
    return first < lowEnd || (end > 0x100000 && first < highEnd);
  });
  return { lowEnd, highEnd, inRam };
}

/** Regions as Xen reports them: apart from each other, in any order; below 1 MiB up to above 4 GiB. */
const regionsArb = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 0x20000 }), fc.integer({ min: 1, max: 0x4000 })), {
    maxLength: 20,
  })
  .map((steps) => {
    let page = 0;
    return steps.map(([gap, nr_pages]) => {
      const start_pfn = page + gap;
      page = start_pfn + nr_pages;
      return { start_pfn: BigInt(start_pfn), nr_pages: BigInt(nr_pages), owners: [] };
    });
  })
  .chain((regions) => fc.shuffledSubarray(regions, { minLength: regions.length }));

const configArb = fc
  .record({
    memory: fc.integer({ min: 2, max: 8192 }),
    mmioHole: fc.integer({ min: 0, max: 3840 }),
    hap: fc.boolean(),
    rdmMemBoundary: fc.integer({ min: 0, max: 4096 }),
    policy: fc.constantFrom('strict' as const, 'relaxed' as const),
  })
  .map(({ policy, memory, mmioHole, hap, rdmMemBoundary }) =>
    completeConfig({
      memory: BigInt(memory) * MIB,
      mmioHole: BigInt(mmioHole) * MIB,
      hap,
      rdmMemBoundary: BigInt(rdmMemBoundary) * MIB,
      rdm: { strategy: 'host', policy },
    }),
  );

describe('for any guest and any regions', () => {
  test('RAM ends where the rules, restated, say, and the regions in RAM are refused or hidden', () => {
    fc.assert(
      fc.property(configArb, regionsArb, (config, regions) => {
        const layout = layOutGuest(config, query(regions));
        const { lowEnd, highEnd, inRam } = restated(config, regions);
        expect(Number(layout.lowmemEnd / 4096n)).toBe(lowEnd);
        expect(Number(layout.highmemEnd / 4096n)).toBe(highEnd);
        const bad = config.rdm.policy === 'strict' ? 'refused' : 'hidden';
        expect(layout.regions.map(({ fate }) => fate === bad)).toEqual(inRam);
        const conflict = bad === 'refused' && inRam.includes(true);
        expect(layout.refusal).toBe(
          conflict ? 'rdm-conflict' : lowEnd <= 0x100 ? 'no-low-memory' : null,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('regions may be as many as a table holds', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => ({
      ...A,
      start_pfn: 0x1000000n + 2n * BigInt(i),
    }));
    const { regions } = layOutGuest(guest({ rdm: host('relaxed') }), () => many);
    expect(regions).toHaveLength(many.length);
  });

  test("the E820's entries never overlap, and its RAM is what was asked less the first MiB", () => {
    fc.assert(
      fc.property(configArb, regionsArb, (config, regions) => {
        const { e820, lowmemEnd } = layOutGuest(config, query(regions));
        fc.pre(e820.length > 0 && lowmemEnd > MIB);
        const sorted = e820.toSorted((a, b) => (a.start < b.start ? -1 : 1));
        for (const [i, { start, size }] of sorted.entries()) {
          const next = sorted[i + 1];
          if (next !== undefined) expect(start + size <= next.start).toBe(true);
        }
        const ram = e820.filter(({ type }) => type === 1).reduce((sum, { size }) => sum + size, 0n);
        expect(ram).toBe(config.memory - MIB);
      }),
      { numRuns: 2000 },
    );
  });
});
