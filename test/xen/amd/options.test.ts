import { describe, expect, it } from 'vitest';
import { parseIoApicOption } from '../../../src/xen/amd/ioapic-option.js';
import { parseIvmdOption } from '../../../src/xen/amd/ivmd-option.js';
import { parseCmdline } from '../../../src/xen/cmdline.js';
import { errnoName } from '../../../src/xen/hypercall/errno.js';
import { findRelease, type Release } from '../../../src/xen/releases.js';

/** Of each region: type, device ID, auxiliary data, start and length. */
const read = (text: string) => {
  const { rc, blocks } = parseIvmdOption(text);
  return {
    rc: errnoName(rc),
    blocks: blocks.map(({ type, deviceId, auxiliary, start, memoryLength }) =>
      [type, deviceId, auxiliary, start, memoryLength].map((value) => value.toString(16)).join(' '),
    ),
  };
};

describe('ivmd=', () => {
  it.each([
    ['7d000', null, ['20 0 0 7d000000 1000']],
    ['0x7d000-0x7d002', null, ['20 0 0 7d000000 3000']],
    ['7d000=3:0.0', null, ['21 300 0 7d000000 1000']],
    ['7d000=0:3:0.0-3:0.7', null, ['22 300 307 7d000000 1000']],
    [
      '7d000=3:0.0,2:0.1;7e000',
      null,
      ['21 300 0 7d000000 1000', '21 201 0 7d000000 1000', '20 0 0 7e000000 1000'],
    ],
    // Accepted here, and refused when it is registered.
    ['7d000=3:0.0-3:0.0', null, ['22 300 300 7d000000 1000']],
    ['', 'EINVAL', []],
    ['7d001-7d000', 'EINVAL', []],
    ['7d000=1:3:0.0', 'EINVAL', []],
    ['7d000=3:0.7-3:0.0', 'EINVAL', []],
    ['7d000=3:20.0', 'EINVAL', []],
    ['7d000;', 'EINVAL', ['20 0 0 7d000000 1000']],
    ['7d000=3:0.0x', 'EINVAL', ['21 300 0 7d000000 1000']],
  ])('%s', (text, rc, blocks) => {
    expect(read(text)).toEqual({ rc, blocks });
  });

  it('has room for eight regions, each device counting as one', () => {
    const text = `7d000=${Array.from({ length: 9 }, (_, i) => `0:${i}.0`).join(',')}`;
    const { rc, blocks } = read(text);
    expect(rc).toBe('E2BIG');
    expect(blocks).toHaveLength(8);
  });
});

describe('ivrs_ioapic', () => {
  it.each([
    ['[33]=0:14.0', { id: 33, sbdf: 0xa0 }],
    ['[0x21]=1:0:14.0', { id: 33, sbdf: 0x100a0 }],
    ['[33]=0:14.0 ', null],
    ['33=0:14.0', null],
    ['[256]=0:14.0', null],
  ])('%s', (text, expected) => {
    expect(parseIoApicOption(text)).toEqual(expected);
  });
});

describe("AMD's options on Xen's command line", () => {
  const read = (text: string, name = '4.22.0') => parseCmdline(text, findRelease(name) as Release);

  it('add up, and of two for one I/O APIC the last counts', () => {
    const { ivmd, ivrsIoApics } = read(
      'ivmd=7d000 ivmd=7e000=3:0.0 ivrs_ioapic[1]=0:1.0 ivrs_ioapic[1]=0:14.0',
    );
    expect(ivmd?.blocks).toHaveLength(2);
    expect(ivrsIoApics).toEqual([{ id: 1, sbdf: 0xa0 }]);
  });

  it.each([
    ['', true],
    ['x2apic=off', false],
    ['no-x2apic', false],
    ['x2apic=0 x2apic', true],
    ['x2apic=perhaps', true],
  ])('x2APIC under "%s"', (text, x2apic) => {
    expect(read(text).x2apic).toBe(x2apic);
  });

  it('know no ivmd= before 4.16', () => {
    expect(read('ivmd=7d000', '4.15.7').ivmd).toBeNull();
    expect(read('ivmd=7d000', '4.16.0').ivmd).not.toBeNull();
  });
});
