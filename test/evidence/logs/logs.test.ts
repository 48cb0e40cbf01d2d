import { describe, expect, it } from 'vitest';
import { formatSbdf } from '../../../src/base/sbdf.js';
import { readContent } from '../../../src/evidence/content.js';
import { NODE_TOOLS } from '../../../src/read/tools.js';

/** What is read of a log: regions as text, and the rest. */
async function read(text: string) {
  const content = await readContent(
    Buffer.from(text, 'latin1'),
    'it',
    2 ** 20,
    NODE_TOOLS.inflaters,
  );
  if (content.kind === 'table' || content.kind === 'archive') throw new Error(content.kind);
  const { kind } = content;
  const { regions, units, notes } = content.log;
  return {
    kind,
    regions: regions.map(
      ({ base, limit, devices }) =>
        `${base.toString(16)}-${limit.toString(16)}${devices === null ? '' : ` ${devices.map(formatSbdf)}`}`,
    ),
    units: units.map(({ base, flags }) => `${base.toString(16)} ${flags}`),
    notes,
  };
}

const LINUX = [
  'DMAR: Host address width 39',
  'DMAR: DRHD base: 0x000000fed90000 flags: 0x0',
  'DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap 1c0000c40660462 ecap 19e2ff0505e',
  'DMAR: DRHD base: 0x000000fed91000 flags: 0x1',
  'DMAR: RMRR base: 0x0000007a863000 end: 0x0000007a882fff',
  'DMAR: RMRR base: 0x0000007d000000 end: 0x0000007f7fffff',
  'DMAR-IR: IOAPIC id 2 under DRHD base  0xfed91000 IOMMU 1',
];
const LINUX_READ = {
  kind: 'linux-log',
  regions: ['7a863000-7a882fff', '7d000000-7f7fffff'],
  units: ['fed90000 0', 'fed91000 1'],
  notes: [],
};

describe("a Linux kernel's log", () => {
  it.each([
    ['bare', ''],
    ['dmesg', '[    0.012345] '],
    ['dmesg -T', '[Mon Nov 23 10:11:12 2026] '],
    ['dmesg -x', 'kern  :info  : [    0.012345] '],
    ['dmesg --color', '\u001b[32m[    0.012345] \u001b[0m\u001b[33m'],
    ['syslog', 'Nov 23 10:11:12 host kernel: [    0.012345] '],
    ['journalctl', 'Nov 23 10:11:12 host kernel: '],
    ['journalctl -o short-iso', '2026-11-23T10:11:12+0000 host kernel: '],
    ['a serial console', '<6>[    0.012345] '],
    ['a mail', '> > '],
  ])('as %s shows it', async (_, prefix) => {
    const text = LINUX.map((line) => `${prefix}${line}`).join('\n');
    expect(await read(text)).toEqual(LINUX_READ);
    expect(await read(`${text}\n`.replaceAll('\n', '\r\n'))).toEqual(LINUX_READ);
  });

  it('with lines that a mail broke and quoted', async () => {
    const text = `> > ACPI DMAR:RMRR base: 0x00000000000ec000 end:
> 0x00000000000effff
> > DMAR: Setting identity map for device 0000:00:1d.0
> [0xec000 - 0xeffff]`;
    expect((await read(text)).regions).toEqual(['ec000-effff 0000:00:1d.0']);
  });

  it('of 2.6 with its spelling', async () => {
    const text = `DMAR:DRHD (flags: 0x00000001)base: 0x00000000fe710000
DMAR:RMRR base: 0x00000000000ec000 end: 0x00000000000effff`;
    expect(await read(text)).toEqual({
      kind: 'linux-log',
      regions: ['ec000-effff'],
      units: ['fe710000 1'],
      notes: [],
    });
  });

  it('of 3.x and 4.x tells devices by the identity maps it sets up, but not of the ISA bridge', async () => {
    const text = `DMAR: RMRR base: 0x000000bdea8000 end: 0x000000bdeb6fff
DMAR: Setting RMRR:
DMAR: Setting identity map for device 0000:00:02.0 [0xbf000000 - 0xcf1fffff]
IOMMU: Setting identity map for device 0000:00:1a.0 [0xbdea8000 - 0xbdeb6fff]
IOMMU: Setting identity map for device 0000:00:1d.0 [0xbdea8000 - 0xbdeb6fff]
DMAR: Prepare 0-16MiB unity mapping for LPC
DMAR: Setting identity map for device 0000:00:1f.0 [0x0 - 0xffffff]
DMAR: Setting identity map for device 0000:00:1d.0 [0xbdea8000 - 0xbdeb6fff]`;
    expect((await read(text)).regions).toEqual([
      'bdea8000-bdeb6fff 0000:00:1a.0,0000:00:1d.0',
      'bf000000-cf1fffff 0000:00:02.0',
    ]);
  });

  it('of 2.6 prints the first byte after an identity map', async () => {
    const text = `DMAR:RMRR base: 0x00000000bf7e8000 end: 0x00000000bf7f7fff
IOMMU: Setting identity map for device 0000:00:1d.0 [0xbf7e8000 - 0xbf7f8000]
IOMMU: Setting identity map for device 0000:00:1f.0 [0x0 - 0x1000000]`;
    expect((await read(text)).regions).toEqual(['bf7e8000-bf7f7fff 0000:00:1d.0']);
  });

  it('of a broken firmware counts a region once', async () => {
    const text = `DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR [0x00000000b9d26000-0x00000000b9d45fff], contact BIOS vendor for fixes
DMAR: RMRR base: 0x000000b9d26000 end: 0x000000b9d45fff`;
    expect((await read(text)).regions).toEqual(['b9d26000-b9d45fff']);
  });

  it('of several boots is read for the last', async () => {
    const text = `Linux version 6.1.0
DMAR: RMRR base: 0x00000000001000 end: 0x00000000001fff
Linux version 6.8.0
DMAR: RMRR base: 0x00000000003000 end: 0x00000000003fff
Linux version 6.8.0`;
    expect(await read(text)).toMatchObject({
      regions: ['3000-3fff'],
      notes: ['The log has 2 boots; only the last one is used.'],
    });
  });

  it('that tells of units only has no region', async () => {
    expect((await read(LINUX.slice(0, 2).join('\n'))).regions).toEqual([]);
  });
});

describe("Xen's log", () => {
  const scopes = `[VT-D]found ACPI_DMAR_DRHD:
[VT-D]  dmaru->address = fed90000
[VT-D] endpoint: 0000:00:02.0
[VT-D]found ACPI_DMAR_DRHD:
[VT-D]  dmaru->address = fed91000
[VT-D] IOAPIC: 0000:00:1e.7
[VT-D]  flags: INCLUDE_ALL
[VT-D]found ACPI_DMAR_RMRR:
[VT-D] endpoint: 0000:00:1d.0
[VT-D] endpoint: 0000:00:1a.0
`;
  const expected = {
    kind: 'xen-log',
    regions: ['bf7ec000-bf7fffff 0000:00:1d.0,0000:00:1a.0', 'db800000-df9fffff 0000:00:02.0'],
    units: ['fed90000 null', 'fed91000 null'],
    notes: [],
  };
  const log = (first: string, second: string) =>
    `${scopes}${first}
[VT-D]found ACPI_DMAR_RMRR:
[VT-D] endpoint: 0000:00:16.7
[VT-D]dmar.c:581:  Non-existent device (0000:00:16.7) is reported in RMRR (1000, 1fff)'s scope!
[VT-D]dmar.c:596:   Ignore the RMRR (1000, 1fff) due to devices under its scope are not PCI discoverable!
[VT-D]found ACPI_DMAR_RMRR:
[VT-D] endpoint: 0000:00:02.0
${second}`;

  it.each([
    ['4.17', '[VT-D] RMRR: [bf7ec000,bf7fffff]', '[VT-D] RMRR: [db800000,df9fffff]'],
    [
      '4.12',
      '[VT-D]dmar.c:615:   RMRR region: base_addr bf7ec000 end_addr bf7fffff',
      '[VT-D]dmar.c:615:   RMRR region: base_addr db800000 end_addr df9fffff',
    ],
    [
      '4.1',
      '[VT-D]dmar.c:386:   RMRR region: base_addr bf7ec000 end_address bf7fffff',
      '[VT-D]dmar.c:386:   RMRR region: base_addr db800000 end_address df9fffff',
    ],
  ])('of %s, with what prefix whatever', async (_, first, second) => {
    for (const prefix of ['', '(XEN) ', '(XEN) [    1.234567] ', '[2026-11-23 10:11:12] (XEN) ']) {
      const text = log(first, second).replace(/^/gm, prefix);
      expect(await read(text), prefix).toEqual(expected);
    }
  });

  it('without verbose lines names no devices', async () => {
    const text = '(XEN) [VT-D] RMRR: [bf7ec000,bf7fffff]';
    expect((await read(text)).regions).toEqual(['bf7ec000-bf7fffff']);
  });
});

it('a report that holds the table as well is read for the table', async () => {
  const hex = '444d4152300000000100'.padEnd(96, '0').replace(/../g, '$& ');
  const dump = `00000000: ${hex.slice(0, 96)}\n00000020: ${hex.slice(96)}\n`;
  const content = await readContent(
    Buffer.from(`${LINUX.join('\n')}\n\n${dump}`),
    'it',
    2 ** 20,
    NODE_TOOLS.inflaters,
  );
  expect(content.kind).toBe('table');
});
