import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeFile, TreeFiles } from '../../src/evidence/files-tree.js';

/** An IOMMU group of a booted kernel. */
export interface VectorGroup {
  devices: string[];
  reserved_regions: string[];
  /** How far VFIO (type 1) came; null where the group has bridges only. */
  vfio: { step: string; errno: number; log: string[] } | null;
  /** The same by iommufd, where the kernel has it: by device. */
  iommufd?: Record<string, [step: string, errno: number]> | null;
}

/** A boot of a Linux kernel with a table of ours, and what it made of it. */
export interface LinuxVector {
  name: string;
  kernel: string;
  table: string;
  cmdline: string;
  outcome: 'up' | 'no-iommu' | 'hangs';
  off_by_option: boolean;
  pci: Record<
    string,
    {
      config: string;
      files?: Record<string, string>;
      driver?: string | null;
      physfn?: string | null;
    }
  >;
  memmap: [start: string, end: string, type: string][];
  acpi: Record<string, string>;
  groups: Record<string, VectorGroup>;
  log: string[];
  complaints: string[];
}

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Folders with `linux.jsonl`: the one named by DMAR_VECTORS_LINUX; else the project's own, and the set that lies
 * beside the project on some machines.
 */
export function linuxVectorFolders(): string[] {
  const named = process.env.DMAR_VECTORS_LINUX;
  if (named) return [named];
  const beside = join(ROOT, '..', 'shared', 'vectors', 'linux');
  return [join(ROOT, 'test', 'vectors', 'linux'), ...(existsSync(beside) ? [beside] : [])];
}

/** The lines of a folder's files of vectors, parsed. */
export function readLines<V>(folder: string, isWanted: (file: string) => boolean): V[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl') && isWanted(file))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as V);
}

const text = (content: string) => new TextEncoder().encode(`${content}\n`);
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

/** The machine of a vector as its kernel showed it, in the shape of a captured tree. */
export function linuxVectorFiles(vector: LinuxVector): TreeFiles {
  const { table, acpi, pci, memmap, groups, kernel, cmdline } = vector;
  const files = new Map<string, TreeFile>([
    ['proc/sys/kernel/osrelease', text(kernel)],
    ['proc/cmdline', text(cmdline)],
    ['sys/firmware/acpi/tables/DMAR', bytes(table)],
  ]);
  for (const [name, hex] of Object.entries(acpi)) {
    files.set(`sys/firmware/acpi/tables/${name}`, bytes(hex));
  }
  for (const [bdf, { config, files: texts = {}, driver, physfn }] of Object.entries(pci)) {
    const directory = `sys/bus/pci/devices/${bdf}`;
    files.set(`${directory}/config`, bytes(config));
    for (const [name, content] of Object.entries(texts)) {
      files.set(`${directory}/${name}`, text(content));
    }
    if (driver) files.set(`${directory}/driver`, { link: `../../drivers/${driver}` });
    if (physfn) files.set(`${directory}/physfn`, { link: `../${physfn}` });
  }
  for (const [i, [start, end, type]] of memmap.entries()) {
    for (const [name, content] of Object.entries({ start, end, type })) {
      files.set(`sys/firmware/memmap/${i}/${name}`, text(content));
    }
  }
  for (const [id, { devices, reserved_regions }] of Object.entries(groups)) {
    const directory = `sys/kernel/iommu_groups/${id}`;
    files.set(`${directory}/reserved_regions`, text(reserved_regions.join('\n')));
    for (const bdf of devices) {
      files.set(`${directory}/devices/${bdf}`, { link: `../../../../bus/pci/devices/${bdf}` });
    }
  }
  return files;
}
