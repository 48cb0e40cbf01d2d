import { PAGE_SIZE } from '../../base/address.js';
import type { Sbdf } from '../../base/sbdf.js';
import { E820 } from '../../machine/host.js';
import { type Libxl, NEWEST_LIBXL } from './releases.js';

export const MIB = 1n << 20n;
export const GIB = 1n << 30n;

/** Where the guest's RAM above the MMIO hole begins. */
export const HIGH_MEMORY_START = 4n * GIB;
/** First byte of RAM in the E820 of an HVM guest with a device model (libxl's GUEST_LOW_MEM_START). */
export const LOW_MEMORY_START = 0x10_0000n;
/** The MMIO hole below 4 GiB where nothing else is asked for, in bytes (Xen's HVM_BELOW_4G_MMIO_LENGTH). */
export const DEFAULT_MMIO_HOLE = 256n * MIB;
/** The hole of a guest of type pvh, in bytes (libxl_create.c, from 4.11). */
export const PVH_MMIO_HOLE = 64n * MIB;
/** Bytes of a large page, at which RAM ends under hap. */
const LARGE_PAGE = 2n * MIB;
/** Entries from which libxl refuses an E820 (E820MAX; libxl__arch_domain_construct_memmap). */
export const E820_MAX = 128;

export type RdmPolicy = 'strict' | 'relaxed';
export type RdmStrategy = 'ignore' | 'host';

/**
 * A policy as libxl is handed it: null where nobody set one, `undefined` where xl hands over memory that
 * it never wrote to. libxl takes such a value for relaxed unless it happens to be that of strict.
 */
export type GivenPolicy = RdmPolicy | 'undefined' | null;

/** A device as libxl is told of it. */
export interface AssignedDevice {
  /** Whose regions libxl asks for. */
  device: Sbdf;
  /** The policy for its regions; null takes libxl's default, strict. */
  rdmPolicy: GivenPolicy;
  /** Whether all functions of the device are meant; the regions are function 0's alone. */
  allFunctions?: boolean;
  /** What it is assignable under, where it is given so: libxl asks for the regions of 0000:00:00.0. */
  name?: string;
  /** Device number on the guest's bus that was asked for (`@vslot`). */
  slot?: number;
}

/** What libxl is told of an HVM guest, as far as its memory layout depends on it. */
export interface GuestConfig {
  /** Bytes of RAM: the maximum memory less the video memory. */
  memory: bigint;
  /** Bytes of the MMIO hole below 4 GiB; one of less than {@link DEFAULT_MMIO_HOLE} is ignored. */
  mmioHole: bigint;
  /** Whether the hardware pages the guest's memory, so that large pages matter. */
  hap: boolean;
  /** The policy for regions of no assigned device; null takes libxl's default, relaxed. */
  rdm: { strategy: RdmStrategy; policy: GivenPolicy };
  /** Address up to which, inclusive, libxl moves no RAM away from a region that starts there. */
  rdmMemBoundary: bigint;
  /** The assigned devices, in order. */
  pci: AssignedDevice[];
}

/** One entry of the hypercall's answer (Xen's struct xen_reserved_device_memory). */
export interface ReservedDeviceMemory {
  start_pfn: bigint;
  nr_pages: bigint;
  /** Names of the devices that use the region. The toolstack is not told, but a reader wants to know. */
  owners: readonly string[];
}

/** The hypercall XENMEM_reserved_device_memory_map: for one device, or for all (null). */
export type QueryReservedDeviceMemory = (device: Sbdf | null) => readonly ReservedDeviceMemory[];

/**
 * What became of a region: told to the guest although no RAM was in its way, or after RAM was moved
 * below it; not told to the guest; or the reason why the guest cannot be created.
 */
export type Fate = 'exposed' | 'ram-moved' | 'hidden' | 'refused';

/** A reserved region as libxl keeps it for the guest. */
export interface GuestRegion {
  /** First byte. */
  start: bigint;
  /** Bytes. */
  size: bigint;
  /** null: none was set while memory was laid out (libxl to 4.13). */
  policy: GivenPolicy;
  /** The assigned devices that it belongs to; none where only the strategy `host` brought it in. */
  devices: Sbdf[];
  /** Names of all devices that use it, assigned or not. */
  owners: readonly string[];
  fate: Fate;
}

/** One entry of the guest's E820; `type` as in {@link E820}. */
export interface E820Entry {
  /** First byte. */
  start: bigint;
  /** Bytes. */
  size: bigint;
  type: number;
}

/** Why libxl lays out no memory for a guest. */
export type LayoutRefusal = 'rdm-conflict' | 'too-many-entries' | 'no-low-memory';

/** Where a guest's memory goes. */
export interface GuestLayout {
  /** First byte of the MMIO hole, which ends at 4 GiB. */
  mmioStart: bigint;
  /** First byte after the RAM below 4 GiB. */
  lowmemEnd: bigint;
  /** First byte after the RAM above 4 GiB; 0 where there is none. */
  highmemEnd: bigint;
  /** Whether hvmloader is told of RAM above 4 GiB that has 0 bytes (see {@link Libxl.emptyHighRam}). */
  emptyHighRam: boolean;
  /** In libxl's order. */
  regions: GuestRegion[];
  /** Assigned devices for which the hypervisor reports no region. */
  withoutRegion: Sbdf[];
  /** Why the guest cannot be created; null where its memory can be laid out. */
  refusal: LayoutRefusal | null;
  /** The guest's memory map in the order libxl sets it; empty where it sets none. */
  e820: E820Entry[];
}

/** Where RAM lies. */
export interface Ram {
  mmioStart: bigint;
  lowmemEnd: bigint;
  highmemEnd: bigint;
}

/**
 * Computes a guest's memory layout as libxl does when it builds an HVM guest
 * (libxl__build_hvm, libxl__domain_device_construct_rdm, libxl__arch_domain_construct_memmap).
 *
 * @param query the hypercall; asked for all regions with the strategy `host`, then once per device
 * @param libxl the release's, by default the newest
 */
export function layOutGuest(
  config: GuestConfig,
  query: QueryReservedDeviceMemory,
  libxl: Libxl = NEWEST_LIBXL,
): GuestLayout {
  const { regions, withoutRegion } = collectRegions(config, query, libxl);
  return layOutAround(config, regions, withoutRegion, libxl);
}

/**
 * The same around regions that are known already, with the policies they have.
 *
 * @param withoutRegion what the layout is to say of devices without any
 */
export function layOutAround(
  config: GuestConfig,
  known: readonly GuestRegion[],
  withoutRegion: Sbdf[],
  libxl: Libxl = NEWEST_LIBXL,
): GuestLayout {
  const ram = placeRam(config);
  const regions = known.map((region): GuestRegion => ({ ...region, fate: 'exposed' }));
  moveRam(ram, regions, config, libxl);
  settle(ram, regions, libxl);

  const emptyHighRam = libxl.emptyHighRam && ram.highmemEnd === 0n && looksAtRegions(config, known);
  const e820 = buildE820(ram, regions);
  const refusal = refusalOf(ram, regions, e820);
  const isSet = refusal === null;
  return { ...ram, emptyHighRam, regions, withoutRegion, refusal, e820: isSet ? e820 : [] };
}

/** With the strategy `host` and no region at all, libxl leaves before it looks at RAM. */
const looksAtRegions = ({ rdm, pci }: GuestConfig, known: readonly GuestRegion[]): boolean =>
  rdm.strategy === 'host' ? known.length > 0 : pci.length > 0;

function refusalOf(
  { lowmemEnd }: Ram,
  regions: readonly GuestRegion[],
  e820: readonly E820Entry[],
): LayoutRefusal | null {
  if (regions.some(({ fate }) => fate === 'refused')) return 'rdm-conflict';
  if (e820.length >= E820_MAX) return 'too-many-entries';
  // hvmloader's image lies there (xg_dom_*); no E820 is wrong for it.
  return lowmemEnd <= LOW_MEMORY_START ? 'no-low-memory' : null;
}

/** RAM around a hole and nothing else, of a guest whose map is not modelled. */
export const layOutPlainly = (memory: bigint, mmioStart: bigint): GuestLayout => ({
  ...placeAround(memory, mmioStart),
  emptyHighRam: false,
  regions: [],
  withoutRegion: [],
  refusal: null,
  e820: [],
});

function placeRam({ memory, mmioHole }: GuestConfig): Ram {
  const hole = mmioHole > DEFAULT_MMIO_HOLE ? mmioHole : DEFAULT_MMIO_HOLE;
  return placeAround(memory, HIGH_MEMORY_START - hole);
}

function placeAround(memory: bigint, mmioStart: bigint): Ram {
  return memory > mmioStart
    ? { mmioStart, lowmemEnd: mmioStart, highmemEnd: HIGH_MEMORY_START + (memory - mmioStart) }
    : { mmioStart, lowmemEnd: memory, highmemEnd: 0n };
}

/** Frames to bytes, in the 64 bits libxl has for it. */
const toBytes = (pages: bigint): bigint => BigInt.asUintN(64, pages * PAGE_SIZE);

/**
 * The regions that libxl considers. The strategy `host` lists each entry of the answer, whatever starts
 * are equal; an assigned device's region that starts where a listed one does only sets that one's policy.
 */
function collectRegions(
  { rdm, pci }: GuestConfig,
  query: QueryReservedDeviceMemory,
  { regionsPerDevice, defaultDevicePolicy }: Libxl,
): { regions: GuestRegion[]; withoutRegion: Sbdf[] } {
  const regionOf = (entry: ReservedDeviceMemory, policy: GivenPolicy): GuestRegion => ({
    start: toBytes(entry.start_pfn),
    size: toBytes(entry.nr_pages),
    policy,
    devices: [],
    owners: entry.owners,
    fate: 'exposed',
  });
  const regions: GuestRegion[] = [];
  const withoutRegion: Sbdf[] = [];
  if (rdm.strategy === 'host') {
    const all = query(null);
    if (all.length === 0) return { regions, withoutRegion: pci.map(({ device }) => device) };
    for (const entry of all) regions.push(regionOf(entry, rdm.policy ?? 'relaxed'));
  }
  const firstAt = new Map<bigint, GuestRegion>();
  for (const region of regions.toReversed()) firstAt.set(region.start, region);

  for (const { device, rdmPolicy } of pci) {
    const policy = rdmPolicy ?? defaultDevicePolicy;
    const own = query(device);
    for (const entry of regionsPerDevice === 'first' ? own.slice(0, 1) : own) {
      const fresh = regionOf(entry, policy);
      const region = firstAt.get(fresh.start) ?? fresh;
      if (region === fresh) {
        regions.push(fresh);
        firstAt.set(fresh.start, fresh);
      }
      // It keeps its size and takes over the policy: the last device decides.
      region.policy = policy;
      region.devices.push(device);
    }
    if (own.length === 0) withoutRegion.push(device);
  }
  return { regions, withoutRegion };
}

/** Whether a region overlaps [start, end); sums wrap at 64 bits as libxl's do, and 0 bytes may overlap (overlaps_rdm). */
const overlaps = ({ start: base, size }: GuestRegion, start: bigint, end: bigint): boolean =>
  end > base && start < BigInt.asUintN(64, base + size);

function moveRam(
  ram: Ram,
  regions: readonly GuestRegion[],
  { rdmMemBoundary, hap }: GuestConfig,
  { endsRamAtLargePage }: Libxl,
): void {
  const asked = ram.lowmemEnd;
  for (const region of regions) {
    if (region.start <= rdmMemBoundary || !overlaps(region, 0n, asked)) continue;
    region.fate = 'ram-moved';
    if (!overlaps(region, 0n, ram.lowmemEnd)) continue;
    const roundDown = endsRamAtLargePage && hap && region.start > LARGE_PAGE;
    const end = roundDown ? region.start - (region.start % LARGE_PAGE) : region.start;
    ram.highmemEnd = (ram.highmemEnd || HIGH_MEMORY_START) + (ram.lowmemEnd - end);
    ram.lowmemEnd = end;
  }
}

/** Tells the regions that are still in RAM, and those that no policy lets the guest know of. */
function settle(ram: Ram, regions: readonly GuestRegion[], { emptyHighRam }: Libxl): void {
  const highmemEnd = ram.highmemEnd === 0n && emptyHighRam ? HIGH_MEMORY_START : ram.highmemEnd;
  for (const region of regions) {
    const conflict =
      overlaps(region, 0n, ram.lowmemEnd) ||
      (highmemEnd !== 0n && overlaps(region, HIGH_MEMORY_START, highmemEnd));
    if (conflict && region.policy === 'strict') region.fate = 'refused';
    else if (conflict || region.policy === null) region.fate = 'hidden';
  }
}

function buildE820(ram: Ram, regions: readonly GuestRegion[]): E820Entry[] {
  const entries: E820Entry[] = [];
  const add = (start: bigint, size: bigint, type: number) => entries.push({ start, size, type });
  // libxl subtracts without looking, and counts the entry towards its limit in any case.
  add(LOW_MEMORY_START, BigInt.asUintN(64, ram.lowmemEnd - LOW_MEMORY_START), E820.ram);
  for (const { start, size, fate } of regions) {
    if (fate !== 'hidden') add(start, size, E820.reserved);
  }
  if (ram.highmemEnd !== 0n) {
    add(HIGH_MEMORY_START, ram.highmemEnd - HIGH_MEMORY_START, E820.ram);
  }
  return entries;
}
