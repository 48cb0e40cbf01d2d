import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressSpaceText,
  drawAddressSpace,
  KINDS,
  type LabelledRange,
  type RangeKind,
} from '../../../src/render/basics/address-space.js';
import { addressSpaceSvg } from '../../../src/render/basics/svg.js';

const MIB = 1n << 20n;
const range = (
  start: bigint,
  end: bigint,
  kind: RangeKind = 'ram',
  label = 'x',
): LabelledRange => ({
  start,
  end,
  kind,
  label,
});

describe('the bands of an address space', () => {
  test('lie side by side, with what nothing covers between them', () => {
    const { bands } = drawAddressSpace([range(4n * MIB, 5n * MIB), range(0n, MIB)]);
    expect(bands.map(({ start, end, kind }) => [start, end, kind])).toEqual([
      [0n, MIB, 'ram'],
      [MIB, 4n * MIB, 'unused'],
      [4n * MIB, 5n * MIB, 'ram'],
    ]);
  });

  test('show a region inside RAM', () => {
    const { bands } = drawAddressSpace([
      range(MIB, 2n * MIB, 'hidden', 'h'),
      range(0n, 4n * MIB, 'ram'),
    ]);
    expect(bands.map(({ kind }) => kind)).toEqual(['ram', 'hidden', 'ram']);
  });

  test('are to scale, but for those widened to be seen or cut to fit', () => {
    const { rowSize, bands } = drawAddressSpace([
      range(0n, 4096n * MIB),
      range(4096n * MIB, 4096n * MIB + 4096n, 'reserved'),
      range(8192n * MIB, 1n << 40n, 'ram'),
    ]);
    expect(rowSize).toBe(256n * MIB);
    expect(bands.map(({ scale, rows }) => [scale, rows])).toEqual([
      ['exact', 16],
      ['widened', 1],
      ['exact', 16],
      ['cut', 3],
    ]);
  });

  test('join the nearest of more regions than can be shown', () => {
    const regions = Array.from({ length: 1000 }, (_, i) =>
      range(BigInt(i) * MIB, BigInt(i) * MIB + 4096n, 'reserved'),
    );
    const far = range(1n << 32n, (1n << 32n) + 4096n, 'reserved', 'far');
    const { bands } = drawAddressSpace([...regions, far]);
    expect(bands.length).toBe(3);
    expect(bands.at(-1)?.label).toBe('far');
    expect(bands.some(({ label }) => /^\d+ × reserved region, drawn as one$/.test(label))).toBe(
      true,
    );
  });

  const anyRange = fc
    .record({
      start: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      size: fc.bigInt({ min: 0n, max: 1n << 40n }),
      kind: fc.constantFrom(...(Object.keys(KINDS) as RangeKind[])),
      label: fc.string(),
    })
    .map(({ start, size, kind, label }) => ({ start, end: start + size, kind, label }));

  test('cover all of any address space once, in few rows', () => {
    fc.assert(
      fc.property(fc.array(anyRange, { maxLength: 60 }), (ranges) => {
        const { bands } = drawAddressSpace(ranges);
        for (const [i, band] of bands.entries()) {
          expect(band.start < band.end).toBe(true);
          if (i > 0) expect(bands[i - 1]?.end).toBe(band.start);
        }
        const rows = bands.reduce((sum, band) => sum + band.rows, 0);
        expect(rows).toBeLessThanOrEqual(20 * Math.max(bands.length, 1));
      }),
    );
  });
});

describe('the text', () => {
  const lines = (ranges: LabelledRange[], columns = 80) =>
    addressSpaceText(ranges, columns).split('\n');

  test('has an address, a bar, a size and a label for each band, and explains itself', () => {
    expect(lines([range(0n, 4096n, 'reserved', 'one'), range(4096n, 8192n, 'ram', 'two')])).toEqual(
      [
        '0x0000000000000000 │▒▒▒▒▒▒▒▒▒▒▒▒│      4 KiB  one',
        '0x0000000000001000 │████████████│      4 KiB  two',
        '0x0000000000002000',
        '',
        '██ RAM   ▒▒ reserved region',
        'one row is 4 KiB',
        '',
      ],
    );
  });

  test('cuts labels to the width', () => {
    const label = 'y'.repeat(200);
    for (const columns of [80, 132]) {
      const [first = ''] = lines([range(0n, 4096n, 'ram', label)], columns);
      expect(first.length).toBe(columns);
      expect(first.endsWith('y…')).toBe(true);
    }
  });

  test('of nothing is still a text', () => {
    expect(lines([])[0]).toBe('0x0000000000000000');
  });
});

describe('the picture', () => {
  const svg = (label: string) =>
    addressSpaceSvg({
      title: '<Title> & "more"',
      axis: 'axis',
      ranges: [range(0n, MIB, 'reserved', label)],
    });

  test('escapes what labels and titles hold', () => {
    const text = svg('<script>\u0000&');
    expect(text).not.toContain('<script>');
    expect(text).toContain('&#60;script&#62;?&#38;');
    expect(text).toContain('<title>&#60;Title&#62; &#38; &#34;more&#34;</title>');
  });

  test('is as wide as its longest label needs', () => {
    const width = (text: string) => Number(/width="(\d+)"/.exec(text)?.[1]);
    expect(width(svg('z'.repeat(60))) - width(svg('z'.repeat(50)))).toBe(80);
  });

  test('cuts a very long label, but keeps it all in the tooltip', () => {
    const text = svg('z'.repeat(500));
    expect(text).toContain(`>${'z'.repeat(71)}…</text>`);
    expect(text).toContain(`: ${'z'.repeat(500)}</title>`);
  });

  test('gives exact bands heights in proportion to their sizes', () => {
    const text = addressSpaceSvg({
      title: 't',
      axis: 'a',
      ranges: [range(0n, 3n * MIB, 'ram'), range(3n * MIB, 5n * MIB, 'mmio')],
    });
    const heights = [
      ...text.matchAll(
        /<rect class="(?:ram|mmio)" x="\d+" y="[\d.]+" width="150" height="([\d.]+)"/g,
      ),
    ];
    const [ram, mmio] = heights.map(([, height]) => Number(height));
    expect((ram as number) / (mmio as number)).toBeCloseTo(3 / 2, 5);
  });
});
