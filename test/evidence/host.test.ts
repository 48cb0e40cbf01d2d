import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatSbdf } from '../../src/base/sbdf.js';
import { filesTree, type TreeFile } from '../../src/evidence/files-tree.js';
import { readHost } from '../../src/evidence/host.js';
import { E820 } from '../../src/machine/host.js';
import {
  describeVectorHost,
  type HostDescription,
  hostFiles,
  type VectorHost,
} from '../support/host-tree.js';

const hostOf = (description: HostDescription) =>
  readHost(filesTree('captured', hostFiles(description)));
const bytes = (text: string) => new TextEncoder().encode(text);

describe('facts of a host', () => {
  test('are null, without a word, where the tree has none', () => {
    const host = readHost(filesTree('empty', new Map()));
    const { pci, memoryMap, segments, xen, linux, iommuGroups, notes } = host;
    expect({ pci, memoryMap, segments, xen, linux, iommuGroups }).toEqual({
      pci: null,
      memoryMap: null,
      segments: null,
      xen: null,
      linux: null,
      iommuGroups: null,
    });
    expect(notes).toEqual([]);
  });

  test('the BARs that the kernel shows of a function, and nothing of its bridge windows', () => {
    const resource = [
      '0x00000000f7a00000 0x00000000f7a0ffff 0x0000000000140204',
      '0x0000000000000000 0x0000000000000000 0x0000000000000000',
      '0x000000000000f060 0x000000000000f07f 0x0000000000040101',
      '0x00000000f7a20000 0x00000000f7a20fff 0x0000000000040200',
      '0x0000000000000000 0x0000000000000000 0x0000000000000000',
      'cut off',
      '0x00000000f7a80000 0x00000000f7afffff 0x0000000000046200',
      '0x0000000000000000 0x00000000000fffff 0x0000000000040200',
    ].join('\n');
    const path = 'sys/bus/pci/devices/0000:00:1d.0/resource';
    const host = readHost(filesTree('captured', new Map([[path, bytes(resource)]])));
    const usb = { segment: 0, bus: 0, device: 0x1d, func: 0 };
    expect(host.pciDetails(usb).bars).toEqual([
      { bar: 0, kind: 'mem64', size: 0x1_0000n },
      { bar: 2, kind: 'io', size: 0x20n },
      { bar: 3, kind: 'mem32', size: 0x1000n },
      { bar: 6, kind: 'rom', size: 0x8_0000n },
    ]);
    expect(host.pciDetails({ ...usb, func: 1 }).bars).toBeNull();
  });

  test('what Xen asks on AMD machines: I/O APICs, MSI, the processor, and the IOMMU itself', () => {
    const host = hostOf({
      ioApics: [32, 33],
      fadtNoMsi: true,
      cpuFlags: ['fpu', 'cx16', 'x2apic'],
      pci: [
        { bdf: '0000:00:00.0', class: '0x060000' },
        {
          bdf: '0000:00:00.2',
          class: '0x080600',
          config: { '0x40': '0x190b000f' },
          msi_cap: '0x64',
        },
        { bdf: '0000:01:00.0', class: '0x020000', config: { '0x40': '0x1' } },
      ],
    });
    const { ioApics, fadtNoMsi, cpuFlags, pci } = host;
    expect({ ioApics, fadtNoMsi, cpuFlags }).toEqual({
      ioApics: [32, 33],
      fadtNoMsi: true,
      cpuFlags: ['fpu', 'cx16', 'x2apic'],
    });
    const iommu = pci?.get(0, 0, 0, 2)?.config ?? new Uint8Array();
    expect([...iommu.slice(0x40, 0x44)]).toEqual([0xf, 0, 0xb, 0x19]);
    // Reading beyond the header disturbs some devices.
    expect(pci?.get(0, 1, 0, 0)?.config.length).toBe(64);
    expect(hostOf({ fadtNoMsi: false }).fadtNoMsi).toBe(false);
    expect(hostOf({})).toMatchObject({ ioApics: null, fadtNoMsi: null, cpuFlags: null });
  });

  test('PCI functions come with their header, VMD domains of five digits too', () => {
    const { pci } = hostOf({
      pci: [
        { bdf: '0000:00:1c.0', class: '0x060400', hdr: '0x81', pri: '0', sec: '0x05', sub: '0x07' },
        { bdf: '0000:05:00.0', class: '0x020000' },
        { bdf: '10000:e0:06.0', class: '0x010802' },
      ],
    });
    expect([...(pci?.functions() ?? [])].map(formatSbdf)).toEqual([
      '0000:00:1c.0',
      '0000:05:00.0',
      '10000:e0:06.0',
    ]);
    const hops: [number, number][] = [
      [0x1c, 0],
      [0, 0],
    ];
    expect(formatSbdf(pci?.resolvePath(0, 0, hops) as never)).toBe('0000:05:00.0');
  });

  test('functions whose config was not copied are named in a note', () => {
    const files = new Map<string, TreeFile>([
      ['sys/bus/pci/devices/0000:00:02.0', { link: '../../../devices/pci0000:00/0000:00:02.0' }],
    ]);
    const host = readHost(filesTree('copy', files));
    expect(host.pci).toBeNull();
    expect(host.notes).toHaveLength(1);
    expect(host.notes[0]).toContain('0000:00:02.0');
  });

  test("the memory map is sorted, its ends exclusive, Linux's words made numbers", () => {
    const { memoryMap } = hostOf({
      memoryMap: [
        { start: '0x100000', end: '0xbfffffff', type: 'System RAM' },
        { start: '0x0', end: '0x9ffff', type: 'System RAM' },
        { start: '0xc0000000', end: '0xc00fffff', type: 'reserved' },
        { start: '0xc0100000', end: '0xc01fffff', type: 'ACPI Tables' },
        { start: '0xc0200000', end: '0xc02fffff', type: 'ACPI Non-volatile Storage' },
        { start: '0xc0300000', end: '0xffffffffffffffff', type: 'Unknown E820 type' },
      ],
    });
    expect(memoryMap?.map(({ start, end, type }) => [start, end, type])).toEqual([
      [0n, 0xa0000n, E820.ram],
      [0x100000n, 0xc0000000n, E820.ram],
      [0xc0000000n, 0xc0100000n, E820.reserved],
      [0xc0100000n, 0xc0200000n, E820.acpi],
      [0xc0200000n, 0xc0300000n, E820.nvs],
      [0xc0300000n, 1n << 64n, 0xffffffff],
    ]);
  });

  test('a range that lacks a file is left out, and said', () => {
    const files = new Map(
      hostFiles({ memoryMap: [{ start: '0x0', end: '0xfff', type: 'Reserved' }] }),
    );
    files.set('sys/firmware/memmap/1/start', bytes('0x1000\n'));
    const host = readHost(filesTree('partial', files));
    expect(host.memoryMap).toHaveLength(1);
    expect(host.notes).toEqual([expect.stringMatching(/1 of 2 ranges .* the first 1\.$/)]);
  });

  test('segments are those of MCFG, each once', () => {
    expect(hostOf({ segments: [0, 1, 1, 5] }).segments).toEqual([0, 1, 5]);
    const cut = new Map([['sys/firmware/acpi/tables/MCFG', bytes('MC')]]);
    const host = readHost(filesTree('cut', cut));
    expect(host.segments).toBeNull();
    expect(host.notes[0]).toContain('MCFG');
  });

  test('versions: Xen only where the hypervisor is Xen, Linux from either file', () => {
    expect(hostOf({ xen: '4.17.4-pre', linux: '6.8.0-45-generic' })).toMatchObject({
      xen: '4.17.4-pre',
      linux: '6.8.0-45-generic',
    });
    const other = new Map([
      ['sys/hypervisor/type', bytes('kvm\n')],
      ['proc/version', bytes('Linux version 5.15.0-91-generic (buildd@lcy02) #101-Ubuntu SMP')],
    ]);
    expect(readHost(filesTree('kvm', other))).toMatchObject({
      xen: null,
      linux: '5.15.0-91-generic',
    });
  });

  test('IOMMU groups come by number, with the kernel’s reserved regions', () => {
    const { iommuGroups } = hostOf({
      iommuGroups: {
        10: {
          devices: ['0000:00:1d.0'],
          reserved: ['0x00000000bf7ec000 0x00000000bf7fffff direct'],
        },
        9: { devices: ['0000:00:1a.0', '0000:00:1a.7'] },
      },
    });
    expect(iommuGroups).toEqual([
      { id: 9, devices: ['0000:00:1a.0', '0000:00:1a.7'], reservedRegions: null },
      {
        id: 10,
        devices: ['0000:00:1d.0'],
        reservedRegions: [{ start: 0xbf7ec000n, end: 0xbf7fffffn, type: 'direct' }],
      },
    ]);
  });
});

const VECTORS = process.env.DMAR_VECTORS ?? '../shared/vectors';
const hostFile = (set: string) => `${VECTORS}/${set}/hosts.json`;

describe.each(['source', 'booted'])('hosts of the %s vectors', (set) => {
  test.skipIf(!existsSync(hostFile(set)))('come back from their trees as they were written', () => {
    const hosts: Record<string, VectorHost> = JSON.parse(readFileSync(hostFile(set), 'utf8'));
    for (const [name, vector] of Object.entries(hosts)) {
      const host = hostOf(describeVectorHost(vector));
      expect([...(host.pci?.functions() ?? [])].map(formatSbdf).sort(), name).toEqual(
        vector.pci.map(({ bdf }) => bdf).sort(),
      );
      const ranges = vector.e820.map(({ start, end, type }) => [BigInt(start), BigInt(end), type]);
      expect(
        (host.memoryMap ?? []).map(({ start, end, type }) => [start, end, type]),
        name,
      ).toEqual(ranges.sort((a, b) => Number((a[0] as bigint) - (b[0] as bigint))));
      expect(host.notes).toEqual([]);
    }
  });
});
