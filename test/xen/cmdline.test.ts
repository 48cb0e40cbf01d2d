import { describe, expect, it } from 'vitest';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { findRelease, type Release } from '../../src/xen/releases.js';
import { readNumber } from '../../src/xen/strtoul.js';
import { parseRmrrOption } from '../../src/xen/vtd/rmrr-option.js';

const release = (name: string) => findRelease(name) as Release;

describe('iommu=', () => {
  it.each([
    ['4.22', 'iommu=off', false],
    ['4.22', 'iommu=no-intremap,off', false],
    ['4.22', 'iommu=off iommu=on', true],
    ['4.22', 'iommu=no-off', true],
    ['4.22', 'no-iommu', false],
    ['4.22', 'dom0-iommu=off', true],
    ['4.22', 'iommu=off,constructor', false],
    ['4.11', 'iommu=off,toString', false],
    ['4.22', 'console=vga -- iommu=off', true],
    ['4.22', 'console=vga\tiommu=off', true],
    ['4.11', 'iommu=no-off', false],
    ['4.11', 'iommu=no-no', false],
    ['4.11', 'iommu=off,on', false],
    ['4.11', 'iommu=verbose', true],
  ])('Xen %s, %s: enabled %s', (name, text, enabled) => {
    expect(parseCmdline(text, release(name)).iommu.enable).toBe(enabled);
  });

  it('reads force, required and their negation', () => {
    const force = (name: string, text: string) => parseCmdline(text, release(name)).iommu.force;
    expect(force('4.22', 'iommu=force')).toBe(true);
    expect(force('4.22', 'iommu=required')).toBe(true);
    expect(force('4.22', 'iommu=force,no-force')).toBe(false);
    expect(force('4.22', 'iommu=force=off')).toBe(false);
    expect(force('4.6', 'iommu=force,no-required')).toBe(false);
    // A negated word with a value: the value counted, then the word was none any more.
    expect(force('4.12', 'iommu=no-force=on')).toBe(true);
    expect(force('4.17', 'iommu=no-force=on')).toBe(false);
    expect(force('4.17', 'iommu=force,no-force=off')).toBe(true);
  });
});

describe('rmrr=', () => {
  it('is understood from 4.9 on', () => {
    const text = 'rmrr=bf900=0:1d.0';
    expect(parseCmdline(text, release('4.8')).rmrr).toBeNull();
    expect(parseCmdline(text, release('4.9')).rmrr?.regions).toHaveLength(1);
  });

  it('adds up over several options of one command line', () => {
    const cmdline = parseCmdline('rmrr=1=0:1d.0 quiet rmrr=2=0:1a.0', release('4.22'));
    expect(cmdline.rmrr?.regions.map(({ base_pfn }) => base_pfn)).toEqual([1n, 2n]);
  });

  it.each([
    ['1;2=0:1d.0', 0, 1],
    ['0x1-0x2=1:0:1d.0,0:1a.0', 0, 1],
    ['1=0:1d.0;', -22, 1],
    ['1=0:1d.0 x', -22, 1],
    ['1=0:20.0', -22, 0],
    ['1=0:1d.8', -22, 0],
    ['1=0:1d', -22, 0],
    ['x', -22, 0],
    ['1-10=0:1d.0', 0, 1],
    ['1-11=0:1d.0;2=0:1d.0', -7, 0],
    ['2-1=0:1d.0', -7, 0],
    // Modulo 2^64 the second frame is ten after the first: no more than the limit.
    ['fffffffffffffff8-2=0:1d.0;bf900=0:1d.0', 0, 2],
    ['0x-5=0:1d.0', 0, 1],
    ['bf900=0x:1d.0', 0, 1],
    ['bf900=0:0x.0', 0, 1],
    [Array.from({ length: 10 }, (_, i) => `${i}=0:1d.0`).join(';'), 0, 10],
    [Array.from({ length: 11 }, (_, i) => `${i}=0:1d.0`).join(';'), -7, 10],
    [`1=${Array.from({ length: 21 }, () => '0:1d.0').join(',')}`, -22, 1],
  ])('%s: rc %d, %d regions read', (text, rc, count) => {
    const parsed = parseRmrrOption(text, 'refuses-long-region');
    expect([parsed.rc, parsed.regions.length]).toEqual([rc, count]);
    expect(parsed.message === null).toBe(rc === 0);
  });

  it('drops a long region alone to 4.16', () => {
    const { rc, regions } = parseRmrrOption('1-11=0:1d.0;20=0:1d.0', 'drops-long-region');
    expect(rc).toBe(0);
    expect(regions.map(({ dropped }) => dropped !== null)).toEqual([true, false]);
  });

  it("takes the first device's segment for those without, and drops what differs", () => {
    const [same, differing] = parseRmrrOption(
      '1=1:0:1d.0,0:1a.0;2=1:0:1d.0,2:0:1a.0',
      'refuses-long-region',
    ).regions;
    expect(same?.devices.map(({ name }) => name)).toEqual(['0001:00:1d.0', '0001:00:1a.0']);
    expect(same?.dropped).toBeNull();
    expect(differing?.dropped).not.toBeNull();
  });
});

describe('readNumber', () => {
  it.each([
    ['bf900=', 16, 0xbf900n, 5],
    ['0xBF900', 16, 0xbf900n, 7],
    ['0x', 16, 0n, 2],
    ['0x:', 16, 0n, 2],
    ['0x', 0, 0n, 1],
    ['10000000000000001', 16, 1n, 17],
    ['', 16, 0n, 0],
    ['017', 0, 0o17n, 3],
    ['0x17', 0, 0x17n, 4],
    ['19', 0, 19n, 2],
  ] as const)('%j in base %d', (text, base, value, next) => {
    expect(readNumber(text, 0, base)).toEqual({ value, next });
  });
});
