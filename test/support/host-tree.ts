import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SDT_HEADER_LENGTH } from '../../src/acpi/sdt.js';
import type { TreeFile, TreeFiles } from '../../src/evidence/files-tree.js';
import { CONFIG } from '../../src/machine/pci-topology.js';

/** A PCI function of a described host; numbers are hex strings. */
export interface PciDescription {
  bdf: string;
  vendor?: string;
  device?: string;
  /** 24 bits: `0x0c0320`. */
  class: string;
  /** Header type; 1 is a bridge. */
  hdr?: string;
  /** Primary, secondary and subordinate bus of a bridge. */
  pri?: string;
  sec?: string;
  sub?: string;
  bar2?: string;
  /** Double words of its configuration space beyond the header, by offset. */
  config?: Record<string, string>;
  /** Where its MSI capability is. */
  msi_cap?: string;
  driver?: string;
  /** Address of the physical function that this is a virtual function of. */
  physfn?: string;
}

/** A host as a person writes it down; what is left out is missing from the tree. */
export interface HostDescription {
  linux?: string;
  xen?: string;
  /** PCI segments of the MCFG table. */
  segments?: number[];
  /** IDs of the I/O APICs in the MADT. */
  ioApics?: number[];
  /** Makes a FADT, which says that the machine has no MSI, or does not say so. */
  fadtNoMsi?: boolean;
  /** Flags of the processor. */
  cpuFlags?: string[];
  pci?: PciDescription[];
  /** `end` is the last byte, as sysfs has it. */
  memoryMap?: { start: string; end: string; type: string }[];
  /** `reserved` holds lines of reserved_regions. */
  iommuGroups?: Record<string, { devices: string[]; reserved?: string[] }>;
  /** ACPI tables by their file name, as hex. */
  tables?: Record<string, string>;
}

/** A host as `hosts.json` of the vectors has it; `end` is exclusive there. */
export interface VectorHost {
  pci: PciDescription[];
  e820: { start: string; end: string; type: number }[];
}

const text = (content: string) => new TextEncoder().encode(`${content}\n`);

/** The files of `sys/` and `proc/` that a kernel would show on a described host. */
export function hostFiles(host: HostDescription): TreeFiles {
  const files = new Map<string, TreeFile>();
  if (host.linux !== undefined) files.set('proc/sys/kernel/osrelease', text(host.linux));
  if (host.xen !== undefined) {
    const [, major = '', minor = '', extra = ''] = /^(\d+)\.(\d+)(.*)$/.exec(host.xen) ?? [];
    files.set('sys/hypervisor/type', text('xen'));
    for (const [name, value] of Object.entries({ major, minor, extra })) {
      files.set(`sys/hypervisor/version/${name}`, text(value));
    }
  }
  for (const [name, hex] of Object.entries(host.tables ?? {})) {
    files.set(`sys/firmware/acpi/tables/${name}`, Buffer.from(hex, 'hex'));
  }
  if (host.ioApics !== undefined) files.set('sys/firmware/acpi/tables/APIC', madt(host.ioApics));
  if (host.fadtNoMsi !== undefined) {
    files.set('sys/firmware/acpi/tables/FACP', fadt(host.fadtNoMsi));
  }
  if (host.cpuFlags !== undefined) {
    files.set('proc/cpuinfo', text(`processor\t: 0\nflags\t\t: ${host.cpuFlags.join(' ')}`));
  }
  if (host.segments !== undefined) files.set('sys/firmware/acpi/tables/MCFG', mcfg(host.segments));
  for (const [i, range] of (host.memoryMap ?? []).entries()) {
    for (const [name, value] of Object.entries(range)) {
      files.set(`sys/firmware/memmap/${i}/${name}`, text(value));
    }
  }
  for (const fn of host.pci ?? []) addFunction(files, fn);
  for (const [id, { devices, reserved }] of Object.entries(host.iommuGroups ?? {})) {
    const group = `sys/kernel/iommu_groups/${id}`;
    for (const bdf of devices) {
      files.set(`${group}/devices/${bdf}`, { link: `../../../../${deviceDirectory(bdf)}` });
      files.set(`sys/${deviceDirectory(bdf)}/iommu_group`, { link: `../../../../${group}` });
    }
    if (reserved !== undefined) files.set(`${group}/reserved_regions`, text(reserved.join('\n')));
  }
  return files;
}

const deviceDirectory = (bdf: string) => `devices/pci${bdf.slice(0, bdf.lastIndexOf(':'))}/${bdf}`;

function addFunction(files: Map<string, TreeFile>, fn: PciDescription): void {
  const directory = deviceDirectory(fn.bdf);
  files.set(`sys/bus/pci/devices/${fn.bdf}`, { link: `../../../${directory}` });
  // A virtual function answers no IDs in its configuration space; the kernel knows them from the other.
  const config = pciConfig(
    fn.physfn === undefined ? fn : { ...fn, vendor: '0xffff', device: '0xffff' },
  );
  files.set(`sys/${directory}/config`, config);
  files.set(`sys/${directory}/class`, text(fn.class));
  files.set(`sys/${directory}/vendor`, text(fn.vendor ?? DEFAULT_VENDOR));
  files.set(`sys/${directory}/device`, text(fn.device ?? DEFAULT_DEVICE));
  if (fn.driver !== undefined) {
    files.set(`sys/${directory}/driver`, { link: `../../../bus/pci/drivers/${fn.driver}` });
  }
  if (fn.physfn !== undefined) {
    files.set(`sys/${directory}/physfn`, { link: `../../${deviceDirectory(fn.physfn).slice(8)}` });
  }
}

const DEFAULT_VENDOR = '0x8086';
const DEFAULT_DEVICE = '0x1d26';

/**
 * A function's configuration space.
 *
 * @param length bytes; by default the header alone, unless more is described
 */
export function pciConfig(
  fn: PciDescription,
  length = fn.config === undefined && fn.msi_cap === undefined ? 64 : 256,
): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(CONFIG.vendorId, Number(fn.vendor ?? DEFAULT_VENDOR), true);
  view.setUint16(CONFIG.deviceId, Number(fn.device ?? DEFAULT_DEVICE), true);
  const classCode = Number(fn.class);
  for (const i of [0, 1, 2]) bytes[CONFIG.classCode + i] = classCode >> (8 * i);
  bytes[CONFIG.headerType] = Number(fn.hdr ?? 0);
  if (fn.bar2 !== undefined) view.setUint32(0x18, Number(fn.bar2), true);
  if (fn.sec !== undefined) {
    bytes[CONFIG.primaryBus] = Number(fn.pri);
    bytes[CONFIG.secondaryBus] = Number(fn.sec);
    bytes[CONFIG.subordinateBus] = Number(fn.sub);
  }
  for (const [offset, dword] of Object.entries(fn.config ?? {})) {
    view.setUint32(Number(offset), Number(dword), true);
  }
  if (fn.msi_cap !== undefined) {
    const at = Number(fn.msi_cap);
    bytes[CAPABILITIES.status] = CAPABILITIES.present;
    bytes[CAPABILITIES.first] = at;
    bytes[at] = CAPABILITIES.msi;
  }
  return bytes;
}

/** Where the header says that there are capabilities, and an MSI capability's ID. */
const CAPABILITIES = { status: 0x06, present: 0x10, first: 0x34, msi: 5 } as const;

/** A FADT that is long enough for its boot flags. */
function fadt(noMsi: boolean): Uint8Array {
  const bytes = Buffer.alloc(116);
  bytes.write('FACP');
  bytes.writeUInt32LE(bytes.length, 4);
  bytes.writeUInt16LE(noMsi ? 8 : 0, 109);
  return bytes;
}

/** An MCFG table with one allocation, of all buses, for each segment. */
function mcfg(segments: readonly number[]): Uint8Array {
  const length = SDT_HEADER_LENGTH + 8 + 16 * segments.length;
  const bytes = Buffer.alloc(length);
  bytes.write('MCFG');
  bytes.writeUInt32LE(length, 4);
  for (const [i, segment] of segments.entries()) {
    const at = SDT_HEADER_LENGTH + 8 + 16 * i;
    bytes.writeBigUInt64LE(0xe0000000n + BigInt(segment) * 0x10000000n, at);
    bytes.writeUInt16LE(segment, at + 8);
    bytes[at + 11] = 0xff;
  }
  return bytes;
}

/** A MADT with a processor's local APIC and the I/O APICs. */
function madt(ioApics: readonly number[]): Uint8Array {
  const [localApic, ioApic] = [8, 12];
  const length = SDT_HEADER_LENGTH + 8 + localApic + ioApic * ioApics.length;
  const bytes = Buffer.alloc(length);
  bytes.write('APIC');
  bytes.writeUInt32LE(length, 4);
  bytes[SDT_HEADER_LENGTH + 9] = localApic;
  for (const [i, id] of ioApics.entries()) {
    bytes.set([1, ioApic, id], SDT_HEADER_LENGTH + 8 + localApic + ioApic * i);
  }
  return bytes;
}

/** Linux's words for the types of E820 (arch/x86/kernel/e820.c). */
const TYPE_WORDS: Readonly<Record<number, string>> = {
  1: 'System RAM',
  2: 'Reserved',
  3: 'ACPI Tables',
  4: 'ACPI Non-volatile Storage',
  5: 'Unusable memory',
  7: 'Persistent Memory',
  12: 'Persistent Memory (legacy)',
};

/**
 * A vector's host as a description. Empty ranges are left out, as Linux shows none.
 *
 * @param segments those of the MCFG table; the vectors give them with each case
 */
export const describeVectorHost = (host: VectorHost, segments?: number[]): HostDescription => ({
  ...(segments === undefined ? {} : { segments }),
  pci: host.pci,
  memoryMap: host.e820
    .filter(({ start, end }) => BigInt(start) < BigInt(end))
    .map(({ start, end, type }) => ({
      start,
      end: `0x${(BigInt(end) - 1n).toString(16)}`,
      type: TYPE_WORDS[type] ?? 'Unknown E820 type',
    })),
});

/** Writes a tree's files below a directory, which is made where it is missing. */
export function writeTree(files: TreeFiles, root: string): void {
  for (const [path, file] of files) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (file instanceof Uint8Array) writeFileSync(at, file);
    else symlinkSync(file.link, at);
  }
}
