import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSbdf } from '../../src/base/sbdf.js';
import type { MemoryRange } from '../../src/machine/host.js';
import { PciTopology } from '../../src/machine/pci-topology.js';
import { pciConfig, type VectorHost } from './host-tree.js';

export interface VectorOptions {
  segments?: number[];
  iommu?: string;
  rmrr?: string;
  iommu_enabled?: boolean;
  ops_missing?: boolean;
  force_iommu?: boolean;
  workaround_bios_bug?: boolean;
  /** Its place, or its address as a hex string. */
  dead_drhd?: number | string;
  hw_setup_rc?: number;
  pv?: boolean;
  mmcfg_inaccessible?: number[];
}

/** A case of `source/`: what Xen's own functions answered. */
export interface SourceCase {
  name: string;
  release: string;
  dmar_hex: string | null;
  host: string;
  options: VectorOptions;
  call: {
    abi: 'native' | 'compat';
    flags: string;
    sbdf: string;
    nr_entries: string;
    start_extent?: number;
    fault_index?: number;
    fault_arg_in?: boolean;
    fault_arg_out?: boolean;
    buffer?: string;
  };
  expected: {
    outcome: 'ok' | 'panic' | 'bug';
    parse_rc?: string;
    units?: { base: string; end: string; segment: string; devices: string[] }[];
    rc?: string;
    nr_entries?: string;
    entries?: { start_pfn: string; nr_pages: string }[];
  };
}

export interface BootedCall {
  rc: number;
  nr_in: number;
  nr_out: number;
  entries: [number, number][];
}

/** A case of `booted/`: what a whole hypervisor answered. */
export interface BootedCase {
  name: string;
  release: string;
  abi: 'native' | 'compat';
  dmar_hex: string;
  host: string;
  cmdline: string;
  vtd: boolean;
  calls: Record<string, BootedCall>;
  device: Record<string, { rc: number; nr: number; entries: [number, number][] }>;
}

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Folders of vectors: the one named by DMAR_VECTORS; else the project's own, and the larger set that
 * lies beside the project on some machines.
 */
export function vectorFolders(): string[] {
  const named = process.env.DMAR_VECTORS;
  if (named) return [named];
  const beside = join(ROOT, '..', 'shared', 'vectors');
  return [join(ROOT, 'test', 'vectors'), ...(existsSync(beside) ? [beside] : [])];
}

/** All cases of `source` or `booted` below a folder, each with its host. */
export function readCases<C extends { host: string }>(
  folder: string,
  kind: 'source' | 'booted',
): { test: C; host: VectorHost }[] {
  const dir = join(folder, kind);
  const hosts = JSON.parse(readFileSync(join(dir, 'hosts.json'), 'utf8')) as Record<
    string,
    VectorHost
  >;
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => {
      const test = JSON.parse(line) as C;
      return { test, host: hosts[test.host] as VectorHost };
    });
}

/** The topology of a vector's host: a function without vendor and device is present. */
export const topologyOf = (host: VectorHost): PciTopology =>
  new PciTopology(
    host.pci.map((fn) => {
      const sbdf = parseSbdf(fn.bdf);
      if (sbdf === null) throw new Error(`vector host has a function ${fn.bdf}`);
      return { ...sbdf, config: pciConfig(fn) };
    }),
  );

export const memoryMapOf = (host: VectorHost): MemoryRange[] =>
  host.e820.map(({ start, end, type }) => ({ start: BigInt(start), end: BigInt(end), type }));

export const bytesOfHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
