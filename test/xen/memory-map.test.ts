import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { E820 } from '../../src/machine/host.js';
import { MemoryMap } from '../../src/xen/memory-map.js';

const PAGE = 4096n;

describe('firstUnclaimable', () => {
  it('agrees with asking page by page', () => {
    const types = [E820.ram, E820.reserved, E820.acpi, E820.nvs, E820.unusable, 12];
    const piece = fc.record({
      gap: fc.bigInt({ min: 0n, max: 3n * PAGE }),
      size: fc.bigInt({ min: 1n, max: 3n * PAGE }),
      type: fc.constantFrom(...types),
    });
    const frame = fc.bigInt({ min: 0n, max: 24n });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), frame, frame, (pieces, first, last) => {
        let at = 0n;
        const ranges = pieces.map(({ gap, size, type }) => {
          const start = at + gap;
          at = start + size;
          return { start, end: at, type };
        });
        const reserved = (type: number) => type >= E820.reserved && type <= E820.unusable;
        let expected: bigint | null = null;
        for (let page = first; page <= last && expected === null; page++) {
          const touched = ranges.filter(
            ({ start, end }) => start < (page + 1n) * PAGE && page * PAGE < end,
          );
          if (touched.length > 0 && !touched.some(({ type }) => reserved(type))) expected = page;
        }
        expect(new MemoryMap(ranges).firstUnclaimable(first, last)).toBe(expected);
      }),
    );
  });

  it('judges the whole address space at once', () => {
    const map = new MemoryMap([{ start: 0n, end: PAGE, type: E820.reserved }]);
    expect(map.firstUnclaimable(0n, (1n << 52n) - 1n)).toBeNull();
  });
});

describe('isValidFrame', () => {
  const MIB = 1n << 20n;
  const map = new MemoryMap([
    { start: 0n, end: 640n * 1024n, type: E820.ram },
    { start: 640n * 1024n, end: MIB, type: E820.reserved },
    { start: 512n * MIB, end: 600n * MIB, type: E820.ram },
    { start: 1024n * MIB, end: 1024n * MIB + PAGE - 1n, type: E820.ram },
  ]);
  const frameAt = (address: bigint) => address / PAGE;

  it.each([
    ['RAM', 0n, true],
    ['reserved memory in the first block', 700n * 1024n, true],
    ['a block without RAM', 300n * MIB, false],
    ['the rest of a block with RAM', 620n * MIB, false],
    ['below the highest whole page, in its block', 512n * MIB, true],
    ['half a page of RAM', 1024n * MIB, false],
  ])('%s', (_, address, valid) => {
    expect(map.isValidFrame(frameAt(address))).toBe(valid);
  });
});
