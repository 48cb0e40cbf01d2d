import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A device of a guest as the vectors give it. */
interface VectorDevice {
  device: string;
  rdm_policy: 'strict' | 'relaxed' | null;
}

interface VectorRmrr {
  base: string;
  /** Last byte. */
  limit: string;
  devices: string[];
}

/** What the toolstack made of a guest. */
export interface GuestExpectation {
  created: boolean;
  refusal: string | null;
  /** First byte of the region that libxl's error names. */
  conflict: string | null;
  assign: { device: string; errno: string; rmrr_base: string } | null;
  memory: { mmio_start: string; lowmem_end: string; highmem_end: string | null } | null;
  regions: { start: string; size: number; exposed: boolean }[] | null;
  e820: { base: string; size: number; type: string }[];
}

interface GuestVector<I> {
  name: string;
  release: string;
  input: I & {
    rmrrs: VectorRmrr[];
    hypercall: {
      /** Lists of [start_pfn, nr_pages]. */
      all: [number, number][];
      per_device: Record<string, [number, number][]>;
    };
  };
  expected: GuestExpectation;
}

/** A line of layout.jsonl: a guest by libxl's settings, in MiB. */
export type LayoutVector = GuestVector<{
  memory: number;
  mmio_hole: number | null;
  rdm: { strategy: 'ignore' | 'host'; policy: 'strict' | 'relaxed' | null };
  rdm_mem_boundary: number | null;
  hap: boolean;
  pci: VectorDevice[];
}>;

/** A line of xl.jsonl: a guest by its configuration file. */
export type XlVector = GuestVector<{ config: string }>;

/** A line of hvmloader.jsonl. */
export interface HvmloaderVector {
  name: string;
  release: string;
  input: {
    lowmem_end: string;
    highmem_end: string | null;
    mmio_hole_size: number;
    allow_memory_relocate: boolean;
    acpi_pages: number;
    physical_address_bits: number;
    lowmem_reserved_base: number;
    bios_image_base: number;
    toolstack_e820: { base: string; size: number; type: 'RAM' | 'reserved' }[];
    devices: {
      devfn: number;
      vendor: number;
      device: number;
      pci_class: number;
      bars: { bar: number; kind: 'mem32' | 'mem64' | 'io' | 'rom'; size: number }[];
    }[];
  };
  expected: {
    boots: boolean;
    stops_in: string | null;
    lowmem_end?: string;
    highmem_end?: string | null;
    pci_mem_start?: string;
    pci_mem_end?: string;
    high_window?: [string, string] | null;
    bars?: { devfn: number; bar: number; size: number; address: string | null }[];
    e820?: { base: string; size: number; type: string }[];
  };
}

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Folders of guests' vectors: the one named by DMAR_VECTORS_GUEST; else the project's own, and the larger
 * set that lies beside the project on some machines.
 */
export function guestVectorFolders(): string[] {
  const named = process.env.DMAR_VECTORS_GUEST;
  if (named) return [named];
  const beside = join(ROOT, '..', 'shared', 'vectors', 'guest');
  return [join(ROOT, 'test', 'vectors', 'guest'), ...(existsSync(beside) ? [beside] : [])];
}

/** The lines of one file of a folder; none where the folder has no such file. */
export function readGuestVectors<V>(folder: string, name: string): V[] {
  const path = join(folder, name);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as V);
}

/** A way from a value to one of its leaves. */
type Path = readonly (string | number)[];

function* leaves(value: unknown, path: Path = []): Generator<Path> {
  if (value === null || typeof value !== 'object') yield path;
  else for (const [key, inner] of Object.entries(value)) yield* leaves(inner, [...path, key]);
}

/** A value like another: a text or number that is wrong, the other truth value. */
function other(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  return typeof value === 'string' ? `${value}0` : 'none';
}

/**
 * A copy of an expectation with one of its values altered, another for each place asked for: what a
 * comparison has to notice.
 */
function altered<E>(expected: E, place: number): E {
  const copy = structuredClone(expected);
  const all = [...leaves(copy)];
  const path = all[place % all.length] ?? [];
  let holder = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
  const last = path.at(-1);
  if (last === undefined) return copy;
  holder[last] = other(holder[last]);
  return copy;
}

/** Every tenth vector, each with another value of its expectation altered. */
export const everyTenthAltered = <V extends { expected: object }>(vectors: readonly V[]): V[] =>
  vectors
    .filter((_, i) => i % 10 === 0)
    .map((vector, i) => ({ ...vector, expected: altered(vector.expected, i * 7) }));
