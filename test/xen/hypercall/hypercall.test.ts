import { describe, expect, it } from 'vitest';
import { bootXen } from '../../../src/xen/boot.js';
import { parseCmdline } from '../../../src/xen/cmdline.js';
import { callOnce } from '../../../src/xen/hypercall/hypercall.js';
import { UNKNOWN_MACHINE } from '../../../src/xen/machine.js';
import { newestRelease } from '../../../src/xen/releases.js';
import { tableOf } from '../../support/tables.js';

const TABLE = tableOf({
  header: { hostAddressWidth: 38 },
  structures: [
    { name: 'DRHD', includePciAll: true, registerBaseAddress: '0xfed91000' },
    { name: 'RMRR', baseAddress: '0x1000', limitAddress: '0x1fff', devices: ['0000:00:1d.0'] },
    { name: 'RMRR', baseAddress: '0x3000', limitAddress: '0x4fff', devices: ['0000:00:1a.0'] },
  ],
});

const release = newestRelease();
const xen = bootXen({ dmar: TABLE }, UNKNOWN_MACHINE, release, parseCmdline('', release));

const PAIRS = [
  [3n, 2n],
  [1n, 1n],
];

describe("the caller's buffer", () => {
  // Nothing but its address is known of it, so wherever it lies the answer is the same.
  it.each([
    ['native', 0n],
    ['native', 0xff0n],
    ['native', 0x1000n],
    ['native', 1n << 65n],
    ['native', 0xffff_ffff_ffff_fff0n],
    ['native', 0xffff_ffff_ffff_ffffn],
    ['compat', 0xff8n],
    ['compat', 0x1000n],
    ['compat', 0xffff_fff8n],
    ['compat', 0xffff_8300_0000_0000n],
  ] as const)('%s at %#x is filled', (abi, buffer) => {
    const { rc, nr_entries, entries } = callOnce(xen, { abi, nr_entries: 2, buffer });
    expect([rc, nr_entries]).toEqual([0, 2]);
    expect(entries.map(({ start_pfn, nr_pages }) => [start_pfn, nr_pages])).toEqual(PAIRS);
  });

  it('of a PV guest must lie outside the hypervisor', () => {
    const ask = (buffer: bigint) =>
      callOnce(xen, { abi: 'native', nr_entries: 2, buffer, pv: true }).rc;
    expect(ask(0x7fff_ffff_f000n)).toBe(0);
    expect(ask(0xffff_8300_0000_0000n)).toBe(-14);
    expect(ask(0xffff_8800_0000_0000n)).toBe(0);
  });
});
