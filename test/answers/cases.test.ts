import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answerCheck, checkStatus } from '../../src/answers/check.js';
import { answerDevices, devicesStatus } from '../../src/answers/devices.js';
import { answerDiff, diffStatus } from '../../src/answers/diff.js';
import { answerGuest, guestStatus } from '../../src/answers/guest.js';
import { answerMap, mapStatus } from '../../src/answers/map.js';
import { formatSbdf, parseSbdf, type Sbdf } from '../../src/base/sbdf.js';
import { hostOfLog } from '../../src/evidence/host-of-log.js';
import { readSource } from '../../src/read/read-source.js';
import { MIB } from '../../src/toolstack/libxl/layout.js';

const CASES = process.env.DMAR_CASES ?? '../shared/cases';
const there = existsSync(CASES);
const files = there ? readdirSync(CASES) : [];

/** A case by the beginning of its name. */
async function evidenceOf(name: string) {
  const file = files.find((each) => each.startsWith(`${name}.min.`));
  if (file === undefined) throw new Error(`There is no case ${name}`);
  const source = await readSource({ path: join(CASES, file) });
  return { source, host: source.log && hostOfLog(source.log, file) };
}

const regionText = ({
  base,
  limit,
  devices,
}: {
  base: bigint;
  limit: bigint;
  devices: readonly Sbdf[] | null;
}) =>
  `${base.toString(16)}-${limit.toString(16)}${devices === null ? '' : ` ${devices.map(formatSbdf).join()}`}`;

/** The regions that are read, of texts without a table. */
const REGIONS: readonly (readonly [string, readonly string[]])[] = [
  ['01-xendevel-rmrr-qp', ['dc000000-de1fffff 0000:00:02.0']],
  ['01c-qp-silent-loss', ['d9888000-d9894fff 0000:00:14.0', 'dc000000-de1fffff 0000:00:02.0']],
  ['04-surface-bad-rmrr', ['3e2e0000-3e2fffff']],
  ['05-zhaoxin-andd-fragment', ['b5da5000-b5dddfff 0000:00:14.0']],
  ['09-qp-split-number', ['78863000-78882fff 0000:00:14.0']],
  ['09b-qp-base-split', ['78863000-78882fff 0000:00:14.0', '7d000000-7f7fffff 0000:00:02.0']],
  ['16-excerpt-no-rmrr', []],
  ['18-grep-only-enabled', []],
  ['20-freebsd-acpidump-t', ['dd000000-df1fffff 0000:00:02.0']],
  ['21-reserved-regions', ['bdf8f000-bdf92fff', '8b72e000-8b977fff']],
  ['22-vfio-only', []],
  ['24-nuc-not-reserved', ['8d800000-8fffffff']],
  ['24c-mixed-loss', ['8cc23000-8ce6cfff 0000:00:14.0', '8d800000-8fffffff 0000:00:02.0']],
  ['37-kernel53-devfmt', ['dd000000-df1fffff 0000:00:02.0']],
  ['37b-mixed', ['bdf8f000-bdf92fff 0000:04:00.0']],
  ['39-pt-ignoring', ['799d4000-79c1dfff 0000:00:14.0']],
  ['41-lkml-qp-old-style', ['ae74f000-ae76efff']],
  ['45-surface-e820', ['3e2e0000-3e2fffff']],
  ['48-xen-parse-failed', ['78863000-78882fff 0000:00:14.0', '7d000000-7cffffff']],
  ['50-whole-dmesg', ['bdf8f000-bdf92fff 0000:04:00.0']],
  ['54-fault-lookup', ['bdf8f000-bdf92fff 0000:04:00.0']],
];

/** What `dmar map` ends with, and what becomes of VT-d. */
const MAPS: readonly (readonly [string, number, string])[] = [
  ['04-surface-bad-rmrr', 0, 'unknown'],
  ['16-excerpt-no-rmrr', 3, 'unknown'],
  ['18-grep-only-enabled', 3, 'unknown'],
  ['22-vfio-only', 3, 'unknown'],
  ['35i-nuc5-cut', 3, 'unknown'],
  ['45-surface-e820', 1, 'disabled'],
  ['48-xen-parse-failed', 1, 'disabled'],
];

describe.skipIf(!there)(`cases of ${CASES}${there ? '' : ', which are not there'}`, () => {
  it.each(REGIONS)('%s: its regions', async (name, regions) => {
    const { source } = await evidenceOf(name);
    expect(source.kind).not.toBe('table');
    expect(source.kind === 'table' ? [] : source.regions.map(regionText)).toEqual(regions);
  });

  it.each(MAPS)('%s: map ends with %i, VT-d is %s', async (name, status, vtd) => {
    const answer = answerMap(await evidenceOf(name));
    expect([mapStatus(answer), answer.vtd]).toEqual([status, vtd]);
  });

  it('45-surface-e820: Xen up to 4.18 starts with VT-d on', async () => {
    const answer = answerMap(await evidenceOf('45-surface-e820'), { xen: '4.18' });
    expect(answer.result.xen.iommu_enabled).toBe(true);
  });

  it('48-xen-parse-failed: the release of the log', async () => {
    const { result } = answerMap(await evidenceOf('48-xen-parse-failed'));
    expect(result.xen.release.name).toBe('4.17.3');
    expect(result.xen.failure?.message).toMatch('above its limit');
  });

  it.each([
    ['53-html-dsl', 64],
    ['53b-smartquotes-dsl', 64],
    ['46b-xmhf-xxd-prefix', 48],
    ['46f-uefi-dmem', 48],
    ['46g-printk-hexdump', 48],
  ])('%s: the table, whole', async (name, length) => {
    const { source } = await evidenceOf(name);
    expect(source).toMatchObject({ kind: 'table', signature: 'DMAR', bytes: { length } });
    expect(source.completeness).toBe('whole');
  });

  it('35i-nuc5-cut: no verdict on the firmware', async () => {
    const evidence = await evidenceOf('35i-nuc5-cut');
    expect(evidence.source.completeness).toEqual({
      missing: [{ code: 'table-cut', claimed: 96, present: 80 }],
    });
    const check = answerCheck(evidence);
    expect([check.result.findings, checkStatus(check)]).toEqual([[], 3]);
    const { diagnostics, result } = answerMap(evidence);
    expect([diagnostics, result.xen.failure]).toEqual([[], null]);
  });

  const device = (text: string) => parseSbdf(text) as Sbdf;

  it('50-whole-dmesg: 04:00.0 is blocked on Linux 5.3, in group 21', async () => {
    const answer = answerDevices(await evidenceOf('50-whole-dmesg'), {
      devices: [device('04:00.0')],
    });
    expect(devicesStatus(answer, true)).toBe(1);
    expect(answer.judges.kernel.release).toBe('5.3.18-3-pve');
    expect(answer.reports[0]).toMatchObject({
      candidate: { classCode: 0x020000, group: { id: 21 } },
      restriction: { kind: 'binding' },
      linux: { verdict: 'blocked', reason: 'binding' },
    });
  });

  it('22-vfio-only: the device that was refused', async () => {
    const { reports } = answerDevices(await evidenceOf('22-vfio-only'));
    expect(reports).toMatchObject([
      { candidate: { address: device('03:00.0') }, linux: { verdict: 'blocked' } },
    ]);
  });

  it('26-xcpng-disallowed: shared, and relaxed helps', async () => {
    const { reports } = answerDevices(await evidenceOf('26-xcpng-disallowed'));
    expect(reports).toMatchObject([
      { candidate: { address: device('08:00.0') }, xen: { verdict: 'needs relaxed' } },
    ]);
    expect(reports[0]?.xen.message).toMatch('0x7ba77000');
  });

  it('47-seg1: no remapping unit of segment 1', async () => {
    const asked = [device('0001:00:00.0')];
    const answer = answerDevices(await evidenceOf('47-seg1'), { devices: asked });
    expect(answer.reports[0]?.linux).toMatchObject({ verdict: 'blocked', reason: 'no-unit' });
  });

  it.each(['04-surface-bad-rmrr', '16-excerpt-no-rmrr', '35i-nuc5-cut', '41-lkml-qp-old-style'])(
    '%s: that no device has a region is not known',
    async (name) => {
      const asked = [device('00:1b.0')];
      const answer = answerDevices(await evidenceOf(name), { devices: asked });
      expect(answer.reports).toMatchObject([
        { linux: { verdict: 'unknown' }, xen: { verdict: 'unknown' } },
      ]);
      expect(devicesStatus(answer, true)).toBe(3);
    },
  );

  it.each([
    ['22-vfio-only', { linux: { verdict: 'blocked' }, xen: { verdict: 'unknown' } }],
    ['26-xcpng-disallowed', { linux: { verdict: 'unknown' }, xen: { verdict: 'needs relaxed' } }],
  ])('%s: the other judge is not known to agree', async (name, report) => {
    expect(answerDevices(await evidenceOf(name)).reports).toMatchObject([report]);
  });

  it.each([
    ['01-xendevel-rmrr-qp', 0, 'unknown'],
    ['16-excerpt-no-rmrr', 3, 'unknown'],
    ['35i-nuc5-cut', 3, 'unknown'],
    ['48-xen-parse-failed', 0, 'disabled'],
  ])('%s: guest ends with %i, VT-d is %s', async (name, status, vtd) => {
    const described = { options: { memory: 4096n * MIB }, notes: [], file: null };
    const answer = answerGuest(await evidenceOf(name), described);
    expect([guestStatus(answer), answer.vtd]).toEqual([status, vtd]);
  });

  it('35i-nuc5-cut: diff does not tell that a part that is not there is the same', async () => {
    const evidence = await evidenceOf('35i-nuc5-cut');
    const answer = answerDiff(evidence, evidence);
    expect(diffStatus(answer, {})).toBe(3);
    expect(answer.notes.filter((note) => /claims 96 bytes/.test(note))).toHaveLength(1);
  });

  it('32-amd-ivrs and 18-grep-only-enabled: the table that exists', async () => {
    const tables = await Promise.all(
      ['32-amd-ivrs', '18-grep-only-enabled'].map(
        async (name) => (await evidenceOf(name)).source.log?.table,
      ),
    );
    expect(tables).toMatchObject([
      { signature: 'IVRS', length: 420 },
      { signature: 'DMAR', length: 168 },
    ]);
  });

  it('54-fault-lookup: who asked for which address', async () => {
    const { source } = await evidenceOf('54-fault-lookup');
    const fault = source.log?.sightings.find(({ line }) => line.code === 'xen-fault');
    expect(fault).toMatchObject({ device: device('04:00.4'), address: 0xbdf80000n });
  });
});
