import { expect, test } from 'vitest';
import { createGuest } from '../../src/answers/guest.js';
import { parseSbdf, type Sbdf } from '../../src/base/sbdf.js';
import type { Host, PciBar } from '../../src/machine/host.js';
import { explainNote } from '../../src/render/guest/words.js';
import { MIB } from '../../src/toolstack/libxl/layout.js';
import { completeConfig } from '../../src/toolstack/xl/config.js';
import { bootXen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { UNKNOWN_MACHINE } from '../../src/xen/machine.js';
import { findRelease, type Release } from '../../src/xen/releases.js';
import { tableOf } from '../support/tables.js';

const GPU = parseSbdf('01:00.0') as Sbdf;
const GIB = 1024n * MIB;

/** A guest with a device whose BARs the host shows, on a machine with these regions of it. */
function guestWith(bars: PciBar[], regions: [base: string, limit: string][] = [], name = '4.22.0') {
  const release = findRelease(name) as Release;
  const structures = [
    { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed90000' },
    ...regions.map(([baseAddress, limitAddress]) => ({
      name: 'RMRR',
      baseAddress,
      limitAddress,
      devices: ['0000:01:00.0'],
    })),
  ];
  const tables = { dmar: tableOf({ structures }) };
  const xen = bootXen(tables, UNKNOWN_MACHINE, release, parseCmdline('', release));
  const host = {
    pci: null,
    pciDetails: () => ({ vendorId: 0x10de, deviceId: 1, classCode: 0x030000, bars }),
  } as unknown as Host;
  const config = completeConfig({ memory: 2048n * MIB, pci: [{ device: GPU, rdmPolicy: null }] });
  const outcome = createGuest({ config, info: null, notes: [] }, xen, host);
  const result = outcome.final?.result;
  if (result?.boots !== true) throw new Error('does not boot');
  const own = result.bars.filter(({ devfn }) => devfn === 4 << 3);
  return { outcome, result, own, approximate: outcome.final?.approximate };
}

test("a passed-through device's BARs come after the emulated devices, around its region", () => {
  const bars: PciBar[] = [
    { bar: 0, kind: 'mem32', size: 16n * MIB },
    { bar: 5, kind: 'io', size: 128n },
  ];
  const { own, approximate } = guestWith(bars, [['0xf3000000', '0xf3000fff']]);
  expect(approximate).toEqual(['acpi', 'bios', 'slots']);
  expect(own).toMatchObject([
    { bar: 0, address: 0x8300_0000n },
    { bar: 5, address: 0xc100n },
  ]);
  // Without the region in it, the hole stays where it begins by default.
  expect(guestWith(bars).own).toMatchObject([{ bar: 0, address: 0xf300_0000n }, { bar: 5 }]);
});

test('a BAR smaller than a page takes a page', () => {
  const { own } = guestWith([{ bar: 0, kind: 'mem32', size: 256n }]);
  expect(own).toMatchObject([{ bar: 0, size: 4096n }]);
});

test('a large 64-bit BAR goes above 4 GiB, where nothing keeps it off a region', () => {
  const bars: PciBar[] = [{ bar: 1, kind: 'mem64', size: 16n * GIB }];
  const { outcome, result, own } = guestWith(bars, [['0x400000000', '0x400000fff']]);
  expect(own).toMatchObject([{ bar: 1, address: 16n * GIB }]);
  expect(result.highWindow).toEqual({ start: 16n * GIB, end: 32n * GIB });
  const note = outcome.notes.find(({ code }) => code === 'region-in-high-window');
  expect(note).toMatchObject({ start: 16n * GIB });
  expect(note && explainNote(note, outcome).message).toContain('a BAR can land on it');
});

test('a BAR without space is told', () => {
  const { outcome, own } = guestWith([{ bar: 0, kind: 'mem32', size: 2n * GIB }]);
  expect(own).toMatchObject([{ bar: 0, address: null }]);
  expect(outcome.notes).toContainEqual({
    code: 'bar-without-space',
    severity: 'warning',
    devfn: 32,
    bar: 0,
    size: 2n * GIB,
  });
});

test('more than 16 entries are told', () => {
  const regions = Array.from({ length: 12 }, (_, i): [string, string] => {
    const base = 0xe000_0000n + BigInt(i) * 0x10_0000n;
    return [`0x${base.toString(16)}`, `0x${(base + 0xfffn).toString(16)}`];
  });
  const { outcome, result } = guestWith([], regions);
  expect(result.e820.length).toBe(17);
  expect(outcome.notes).toContainEqual({
    code: 'e820-overflows',
    severity: 'warning',
    entries: 17,
  });
});
