import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import type { Sbdf } from '../../../src/base/sbdf.js';
import { bootXen } from '../../../src/xen/boot.js';
import { parseCmdline } from '../../../src/xen/cmdline.js';
import { UNKNOWN_MACHINE } from '../../../src/xen/machine.js';
import { askRdmMap } from '../../../src/xen/rdm-map.js';
import { newestRelease } from '../../../src/xen/releases.js';
import {
  type LoggedRegion,
  tableOfRegions,
  withoutTable,
} from '../../../src/xen/vtd/logged-regions.js';

const release = newestRelease();

/** What a guest is told of regions in a log. */
function mapOf(regions: readonly LoggedRegion[]) {
  const cmdline = parseCmdline('', release);
  const xen = bootXen({ dmar: tableOfRegions(regions) }, UNKNOWN_MACHINE, release, cmdline);
  return withoutTable(askRdmMap(xen, { abi: 'native' }), regions);
}

const sbdf: fc.Arbitrary<Sbdf> = fc.record({
  segment: fc.constant(0),
  bus: fc.nat(255),
  // Xen stops looking at a region whose first device is 00:00.0.
  device: fc.integer({ min: 1, max: 31 }),
  func: fc.nat(7),
});
/** Regions that do not overlap, each with devices or with none that the log names. */
const disjoint: fc.Arbitrary<LoggedRegion[]> = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 1000 }),
      pages: fc.integer({ min: 1, max: 1000 }),
      devices: fc.option(fc.array(sbdf, { minLength: 1, maxLength: 4 })),
    }),
    { maxLength: 20 },
  )
  .map((sizes) => {
    let end = 0n;
    return sizes.map(({ gap, pages, devices }) => {
      const base = end + BigInt(gap) * 4096n;
      end = base + BigInt(pages) * 4096n;
      return { base, limit: end - 1n, devices };
    });
  });

test('regions that do not overlap are all reported, the last first, with what the log names', () => {
  fc.assert(
    fc.property(disjoint, (regions) => {
      const { answer, missing, diagnostics } = mapOf(regions);
      const told = answer?.entries.map(({ start_pfn, nr_pages, unit }) => ({
        base: start_pfn * 4096n,
        limit: (start_pfn + nr_pages) * 4096n - 1n,
        place: unit.rmrr,
        devices: unit.devices.length,
      }));
      const expected = regions.map(({ base, limit, devices }, index) => ({
        base,
        limit,
        place: { index, offset: null },
        devices: devices?.length ?? 0,
      }));
      expect(told).toEqual(expected.reverse());
      expect([missing, diagnostics]).toEqual([[], []]);
    }),
  );
});

test('regions that overlap turn VT-d off, as they do in a table, and no offset is named', () => {
  const base = { base: 0x1000n, limit: 0x2fffn, devices: null };
  const result = mapOf([base, { ...base, base: 0x2000n }]);
  expect([result.xen.parse_rc, result.answer?.nr_entries]).toEqual([-17, 0]);
  expect(result.missing).toHaveLength(2);
  expect(
    JSON.stringify([result.missing.map(({ message }) => message), result.diagnostics]),
  ).not.toMatch(/offset \d/);
});

test('more devices than a structure has room for leave the table whole', () => {
  const devices = Array.from({ length: 20_000 }, (_, i) => ({
    segment: 0,
    bus: (i >> 8) & 0xff,
    device: (i >> 3) & 0x1f,
    func: i & 7,
  }));
  const bytes = tableOfRegions([{ base: 0n, limit: 4095n, devices }]);
  expect(decodeDmar(bytes).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
});
