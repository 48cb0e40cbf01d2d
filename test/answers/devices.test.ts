import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTable, tableOfBytes } from '../../src/acpi/tables.js';
import { type DeviceReport, reportDevices } from '../../src/answers/devices.js';
import { formatSbdf } from '../../src/base/sbdf.js';
import { filesTree } from '../../src/evidence/files-tree.js';
import { readHost } from '../../src/evidence/host.js';
import { asksToRelax, type LinuxKernel, parseLinuxRelease } from '../../src/linux/kernel.js';
import { candidatesOf } from '../../src/regions/candidate.js';
import { DmarRegions } from '../../src/regions/of-dmar.js';
import { IvrsRegions } from '../../src/regions/of-ivrs.js';
import { bootXen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { machineOf } from '../../src/xen/machine.js';
import { findRelease, type Release } from '../../src/xen/releases.js';
import { type HostDescription, hostFiles, type PciDescription } from '../support/host-tree.js';
import { tableOf } from '../support/tables.js';

const RAID = '0x010400';
const NIC = '0x020000';
const USB = '0x0c0330';
const VGA = '0x030000';
const BRIDGE = '0x060400';

const bridge = (bdf: string, sec: string, sub: string): PciDescription => ({
  bdf,
  class: BRIDGE,
  hdr: '0x01',
  pri: '0x00',
  sec,
  sub,
});

const DRHD = { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed90000' };
const region = (page: number, devices: unknown[], segment = 0) => ({
  name: 'RMRR',
  segment,
  baseAddress: `0x${(0xbf000000 + page * 0x1000).toString(16)}`,
  limitAddress: `0x${(0xbf000fff + page * 0x1000).toString(16)}`,
  devices,
});
const subHierarchy = (device: string) => ({ name: 'PCI sub-hierarchy', device });

interface Options {
  linux?: string;
  relaxesAll?: boolean;
  xen?: string;
  xenCmdline?: string;
}

/** The reports on all devices of a host with a table of these regions, by address without segment 0. */
const judge = (host: HostDescription, regions: object[], options: Options = {}) =>
  judgeBy(tableOf({ structures: [DRHD, ...regions] }), host, options);

/** The same by a table of any kind. */
function judgeBy(
  bytes: Uint8Array,
  host: HostDescription,
  { linux = '6.8', relaxesAll = false, xen = '4.17', xenCmdline = '' }: Options = {},
): Record<string, DeviceReport> {
  const facts = readHost(filesTree('host', hostFiles(host)));
  const { table } = decodeTable(bytes);
  if (table === null) throw new Error('no table');
  const release = findRelease(xen) as Release;
  const booted = bootXen(
    tableOfBytes(bytes) === 'IVRS' ? { ivrs: bytes } : { dmar: bytes },
    machineOf(facts, release),
    release,
    parseCmdline(xenCmdline, release),
  );
  const kernel = parseLinuxRelease(linux, relaxesAll) as LinuxKernel;
  const running = facts.linux === null ? null : parseLinuxRelease(facts.linux);
  const regions =
    table.kind === 'IVRS' ? new IvrsRegions(table, facts.pci) : new DmarRegions(table, facts.pci);
  const candidates = candidatesOf(facts, regions);
  const reports = reportDevices(candidates, () => true, {
    ...{ kernel, running, xen: booted, bytes, host: facts },
    ...{ own: true, chosen: false },
  });
  return Object.fromEntries(
    reports.map((report) => [formatSbdf(report.candidate.address).replace(/^0000:/, ''), report]),
  );
}

const DIRECT =
  'Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.';
const ATTACH =
  'Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.';

describe('Linux', () => {
  const pci = [
    { bdf: '0000:00:02.0', class: VGA },
    { bdf: '0000:00:14.0', class: USB },
    { bdf: '0000:00:17.0', class: RAID },
    { bdf: '0000:00:19.0', class: NIC },
  ];
  const regions = [region(0, ['0000:00:02.0', '0000:00:14.0', '0000:00:17.0'])];

  test.each([
    // USB controllers are exempt from the start, display devices since 4.2.
    ['3.16.0', { '00:02.0': null, '00:14.0': null, '00:17.0': null }],
    ['3.17', { '00:02.0': ATTACH, '00:14.0': null, '00:17.0': ATTACH }],
    ['4.1.52', { '00:02.0': ATTACH, '00:14.0': null, '00:17.0': ATTACH }],
    ['4.2', { '00:02.0': null, '00:14.0': null, '00:17.0': ATTACH }],
    ['5.15.0-91-generic', { '00:02.0': null, '00:14.0': null, '00:17.0': ATTACH }],
    ['6.5.13-6-pve', { '00:02.0': null, '00:14.0': null, '00:17.0': ATTACH }],
    ['6.6', { '00:02.0': null, '00:14.0': null, '00:17.0': DIRECT }],
    ['6.8.12', { '00:02.0': null, '00:14.0': null, '00:17.0': DIRECT }],
    ['10.0', { '00:02.0': null, '00:14.0': null, '00:17.0': DIRECT }],
  ])('%s refuses what it refuses in its own words', (linux, expected) => {
    const reports = judge({ pci }, regions, { linux });
    for (const [name, log] of Object.entries(expected)) {
      expect(reports[name]?.linux, name).toMatchObject({
        verdict: log === null ? 'ok' : 'blocked',
        log,
      });
    }
    expect(reports['00:19.0']).toMatchObject({ restriction: null, linux: { verdict: 'ok' } });
  });

  test('relax_rmrr makes every region relaxable, and the log says so', () => {
    const { '00:17.0': raid } = judge({ pci }, regions, { relaxesAll: true });
    expect(raid).toMatchObject({
      restriction: { kind: 'relaxable' },
      linux: { verdict: 'ok', log: 'Intel-IOMMU: assuming all RMRRs are relaxable' },
    });
    for (const [cmdline, asked] of [
      ['quiet intel_iommu=on,relax_rmrr iommu=pt', true],
      ['intel_iommu=relax_rmrr', true],
      ['intel_iommu=on quiet', false],
      ['other=relax_rmrr', false],
      ['intel_iommu=relax_rmrrs', false],
    ] as const) {
      expect(asksToRelax(cmdline), cmdline).toBe(asked);
    }
  });

  test("the way out on Proxmox is Proxmox's option, elsewhere the firmware first", () => {
    const remedy = (linux: string) => judge({ pci }, regions, { linux })['00:17.0']?.linux.remedy;
    expect(remedy('6.8.12-4-pve')).toMatch(/^Boot with intel_iommu=on,relax_rmrr/);
    expect(remedy('6.8.0-45-generic')).toMatch(/^Look for a firmware setting/);
  });

  test.each(['5.15', '6.8'])('%s refuses an IOMMU group for one member’s sake', (linux) => {
    const iommuGroups = {
      1: { devices: ['0000:00:17.0', '0000:00:19.0'] },
      2: { devices: ['0000:00:02.0', '0000:00:14.0'] },
    };
    const reports = judge({ pci, iommuGroups }, regions, { linux });
    expect(reports['00:19.0']?.linux).toMatchObject({ verdict: 'blocked', reason: 'group' });
    expect(reports['00:19.0']?.linux.message).toContain('0000:00:17.0');
    expect(reports['00:19.0']?.linux.remedy).toContain('another slot');
    expect(reports['00:02.0']?.linux.verdict).toBe('ok');
  });

  test('nonsense is no release', () => {
    for (const text of ['', 'linux', '6', '6.x', '6.8.', 'v6.8']) {
      expect(parseLinuxRelease(text) === null, text).toBe(text !== '6.8.');
    }
  });
});

describe('which regions touch a device', () => {
  const pci = [
    bridge('0000:00:1c.0', '0x02', '0x05'),
    bridge('0000:02:00.0', '0x03', '0x03'),
    { bdf: '0000:03:00.0', class: RAID },
    { bdf: '0000:06:00.0', class: NIC },
    { bdf: '0000:06:10.0', class: NIC, physfn: '0000:06:00.0' },
    { bdf: '0001:03:00.0', class: RAID },
  ];

  test('a path of several hops is followed over the bridges', () => {
    const reports = judge({ pci }, [region(0, ['0000:00:1c.0/00.0/00.0'])]);
    expect(reports['03:00.0']).toMatchObject({
      restriction: { kind: 'binding' },
      linux: { verdict: 'blocked' },
    });
    expect(reports['00:1c.0']?.candidate.uses).toEqual([]);
  });

  test('segments are kept apart', () => {
    const reports = judge({ pci, segments: [0, 1] }, [region(0, ['0001:03:00.0'], 1)]);
    expect(reports['03:00.0']?.candidate.uses).toEqual([]);
    expect(reports['0001:03:00.0']?.linux.verdict).toBe('blocked');
  });

  test('a virtual function is judged by its own address, not its physical function’s', () => {
    const reports = judge({ pci }, [region(0, ['0000:06:00.0'])]);
    expect(reports['06:10.0']).toMatchObject({ linux: { verdict: 'ok', reason: 'no-region' } });
    // Scopes name no virtual function to Linux, which is what Xen compares.
    const own = judge({ pci }, [region(0, ['0000:06:10.0', '0000:03:00.0'])]);
    expect(own['06:10.0']).toMatchObject({
      linux: { verdict: 'ok' },
      xen: { verdict: 'needs relaxed' },
    });
    const shared = judge({ pci }, [region(0, ['0000:06:00.0', '0000:03:00.0'])]);
    expect(shared['06:10.0']?.xen.verdict).toBe('ok');
  });

  test('a sub-hierarchy counts for what is below it from Linux 5.3 on, and never for Xen', () => {
    const regions = [region(0, [subHierarchy('0000:00:1c.0'), '0000:06:00.0'])];
    const before = judge({ pci }, regions, { linux: '5.2' });
    expect(before['03:00.0']).toMatchObject({ linux: { verdict: 'ok', reason: 'no-region' } });
    expect(before['06:00.0']?.linux.verdict).toBe('blocked');
    const between = judge({ pci }, regions, { linux: '6.5' });
    expect(between['03:00.0']).toMatchObject({ linux: { verdict: 'blocked', log: ATTACH } });
    const after = judge({ pci }, regions, { linux: '6.6' });
    expect(after['03:00.0']).toMatchObject({ linux: { verdict: 'blocked', reason: 'binding' } });
    expect(after['03:00.0']?.candidate.uses).toMatchObject([{ below: true }]);
    expect(after['00:1c.0']?.linux.verdict).toBe('blocked');
    expect(after['03:00.0']?.xen.verdict).toBe('ok');
    expect(after['00:1c.0']?.xen.verdict).toBe('needs relaxed');
  });

  test('a region counts once for a device however often and however its scope names it', () => {
    const scope = [subHierarchy('0000:00:1c.0'), '0000:00:1c.0/00.0/00.0', '0000:03:00.0'];
    const uses = judge({ pci }, [region(0, scope)])['03:00.0']?.candidate.uses;
    expect(uses).toMatchObject([{ below: false, region: { origin: { index: 0 } } }]);
  });
});

describe('Xen', () => {
  const pci = ['00:1a.0', '00:1d.0', '00:19.0'].map((bdf) => ({ bdf: `0000:${bdf}`, class: USB }));
  const regions = [region(0, ['0000:00:1a.0', '0000:00:1d.0']), region(1, ['0000:00:19.0'])];

  test('refuses devices that share a region under strict, and warns under relaxed', () => {
    const reports = judge({ pci }, regions);
    expect(reports['00:1d.0']?.xen).toMatchObject({
      verdict: 'needs relaxed',
      strict: 'blocked',
      relaxed: 'ok',
      log: {
        strict: "It's disallowed to assign 0000:00:1d.0 with shared RMRR at bf000000",
        relaxed: "It's risky to assign 0000:00:1d.0 with shared RMRR at bf000000",
      },
    });
    expect(reports['00:1d.0']?.xen.remedy).toContain("'0000:00:1d.0,rdm_policy=relaxed'");
    expect(reports['00:19.0']?.xen).toMatchObject({
      verdict: 'ok',
      reason: 'own-region',
      log: null,
    });
  });

  test('gives nothing away while VT-d is off, nor where the table turns it off', () => {
    const off = judge({ pci }, regions, { xenCmdline: 'iommu=off' });
    expect(off['00:19.0']?.xen).toMatchObject({ verdict: 'blocked', reason: 'vtd-off' });
    const overlapping = judge({ pci }, [region(0, ['0000:00:1a.0']), region(0, ['0000:00:1d.0'])]);
    expect(overlapping['00:1a.0']?.xen.verdict).toBe('blocked');
  });
});

describe("the running kernel's own list", () => {
  const pci = [
    { bdf: '0000:00:14.0', class: USB },
    { bdf: '0000:00:17.0', class: RAID },
  ];
  const lists = (lines: string[], linux = '6.8', regions = [region(0, ['0000:00:17.0'])]) =>
    judge(
      {
        pci,
        linux,
        iommuGroups: { 7: { devices: ['0000:00:17.0', '0000:00:14.0'], reserved: lines } },
      },
      regions,
    )['00:17.0']?.disagreements;
  const MSI = '0x00000000fee00000 0x00000000feefffff msi';
  const FLOPPY = '0x0000000000000000 0x0000000000ffffff direct-relaxable';
  const OWN = '0x00000000bf000000 0x00000000bf000fff direct';

  test('agrees where it lists what the table says, merged or not, and interrupts', () => {
    expect(lists([OWN, MSI])).toEqual([]);
    expect(lists([FLOPPY, OWN, MSI])).toEqual([]);
    const merged = '0x00000000bf000000 0x00000000bf001fff direct';
    expect(
      lists([merged], '6.8', [region(0, ['0000:00:17.0']), region(1, ['0000:00:17.0'])]),
    ).toEqual([]);
  });

  test('disagrees where a region lacks, is too much, or is of another type', () => {
    expect(lists([MSI])).toEqual([expect.stringContaining('lists no such region')]);
    expect(lists([OWN, '0x00000000c0000000 0x00000000c0000fff direct'])).toEqual([
      expect.stringContaining('no region of the table'),
    ]);
    expect(lists([OWN.replace('direct', 'direct-relaxable')])).toEqual([
      expect.stringContaining('by the table, 0000:00:17.0 would make it direct'),
    ]);
  });

  test('tells relaxable regions apart only from 5.3 on', () => {
    const usb = [region(0, ['0000:00:14.0'])];
    expect(lists([OWN], '5.2', usb)).toEqual([]);
    expect(lists([OWN], '5.3', usb)).toHaveLength(1);
  });
});

test('a device is blocked exactly where a binding region touches a member of its group', () => {
  const classes = [RAID, NIC, USB, VGA];
  const machine = fc.array(
    fc.record({
      classCode: fc.constantFrom(...classes),
      group: fc.nat({ max: 3 }),
      regions: fc.uniqueArray(fc.nat({ max: 2 })),
    }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(machine, fc.constantFrom('5.15', '6.8'), (devices, linux) => {
      const bdf = (i: number) => `0000:00:${(i + 2).toString(16).padStart(2, '0')}.0`;
      const pci = devices.map(({ classCode }, i) => ({ bdf: bdf(i), class: classCode }));
      const iommuGroups: Record<string, { devices: string[] }> = {};
      for (const [i, { group }] of devices.entries()) {
        iommuGroups[group] ??= { devices: [] };
        iommuGroups[group].devices.push(bdf(i));
      }
      const regions = [0, 1, 2].flatMap((page) => {
        const scope = devices.flatMap((device, i) =>
          device.regions.includes(page) ? [bdf(i)] : [],
        );
        return scope.length === 0 ? [] : [region(page, scope)];
      });
      const reports = judge({ pci, iommuGroups }, regions, { linux });
      for (const [i, { group }] of devices.entries()) {
        const blocked = devices.some(
          (other) =>
            other.group === group &&
            other.regions.length > 0 &&
            (other.classCode === RAID || other.classCode === NIC),
        );
        expect(reports[bdf(i).slice(5)]?.linux.verdict).toBe(blocked ? 'blocked' : 'ok');
      }
    }),
    { numRuns: 60 },
  );
});

describe('AMD', () => {
  const pci = [
    { bdf: '0000:00:00.2', class: '0x080600' },
    { bdf: '0000:02:00.0', class: USB },
    { bdf: '0000:03:00.0', class: NIC },
  ];
  const bytes = tableOf({
    structures: [
      {
        name: 'IVHD',
        type: '0x10',
        device: '00:00.2',
        capabilityOffset: 0x40,
        baseAddress: '0xfeb80000',
        devices: ['00:01.0-ff:1f.6'],
      },
      {
        name: 'IVMD',
        device: '02:00.0',
        flags: 7,
        startAddress: '0xbf000000',
        memoryLength: 0x1000,
      },
    ],
  });

  test('a region binds devices of every kind, and kernels from 6.6 on refuse them for it', () => {
    const { '02:00.0': usb, '03:00.0': nic } = judgeBy(bytes, { pci });
    expect(usb).toMatchObject({
      restriction: { kind: 'binding' },
      linux: { verdict: 'blocked', log: DIRECT, step: 'set-container', errno: 'EINVAL' },
    });
    expect(nic?.linux).toMatchObject({ verdict: 'ok', reason: 'no-region' });
    const before = judgeBy(bytes, { pci }, { linux: '6.5' });
    expect(before['02:00.0']?.linux).toMatchObject({ verdict: 'ok', step: null });
    expect(before['02:00.0']?.linux.message).toContain('VFIO_MAP_DMA');
  });

  test('the kernel’s own list agrees with the table', () => {
    const lists = (...reserved: string[]) =>
      judgeBy(bytes, {
        pci,
        linux: '6.8',
        iommuGroups: { 4: { devices: ['0000:02:00.0'], reserved } },
      })['02:00.0']?.disagreements;
    const own = '0x00000000bf000000 0x00000000bf000fff direct';
    expect(lists(own, '0x000000fd00000000 0x000000ffffffffff reserved')).toEqual([]);
    expect(lists(own.replace('direct', 'direct-relaxable'))).toHaveLength(1);
    expect(lists()).toHaveLength(1);
  });

  test('what no IVHD lists has no IOMMU', () => {
    expect(judgeBy(bytes, { pci })['00:00.2']?.linux).toMatchObject({
      verdict: 'blocked',
      reason: 'no-unit',
    });
  });
});
