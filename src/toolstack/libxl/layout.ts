import { PAGE_SIZE } from '../../base/address.js';
import type { Sbdf } from '../../base/sbdf.js';
import { E820 } from '../../machine/host.js';

export const MIB = 1n << 20n;
export const GIB = 1n << 30n;

/** Where the guest's RAM above the MMIO hole begins. */
export const HIGH_MEMORY_START = 4n * GIB;
/** First byte of RAM in the E820 of an HVM guest with a device model (libxl's GUEST_LOW_MEM_START). */
export const LOW_MEMORY_START = MIB;
/** The MMIO hole below 4 GiB where nothing else is asked for, in bytes (Xen's HVM_BELOW_4G_MMIO_LENGTH). */
export const DEFAULT_MMIO_HOLE = 256n * MIB;
/** Entries from which libxl refuses an E820 (E820MAX; libxl__arch_domain_construct_memmap). */
export const E820_MAX = 128;

export type RdmPolicy = 'strict' | 'relaxed';
export type RdmStrategy = 'ignore' | 'host';

/** What libxl is told of an HVM guest, as far as its memory layout depends on it. */
export interface GuestConfig {
  /** Bytes of RAM: the maximum memory less the video memory. */
  memory: bigint;
  /** Bytes of the MMIO hole below 4 GiB; one of less than {@link DEFAULT_MMIO_HOLE} is ignored. */
  mmioHole: bigint;
  /** Whether the hardware pages the guest's memory, so that large pages matter. */
  hap: boolean;
  /** The policy for regions of no assigned device; null takes libxl's default, relaxed. */
  rdm: { strategy: RdmStrategy; policy: RdmPolicy | null };
  /** Address up to which, inclusive, libxl moves no RAM away from a region that starts there. */
  rdmMemBoundary: bigint;
  /** The assigned devices and the policy for their regions; null takes libxl's default, strict. */
  pci: { device: Sbdf; rdmPolicy: RdmPolicy | null }[];
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
  policy: RdmPolicy;
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

/** Where a guest's memory goes. */
export interface GuestLayout {
  /** First byte of the MMIO hole, which ends at 4 GiB. */
  mmioStart: bigint;
  /** First byte after the RAM below 4 GiB. */
  lowmemEnd: bigint;
  /** First byte after the RAM above 4 GiB; 0 where there is none. */
  highmemEnd: bigint;
  /** In libxl's order. */
  regions: GuestRegion[];
  /** Assigned devices for which the hypervisor reports no region. */
  withoutRegion: Sbdf[];
  /** Why the guest cannot be created; null where it can. */
  refusal: 'rdm-conflict' | 'too-many-entries' | 'no-passthrough' | null;
  /** The guest's memory map in the order libxl sets it; empty where the guest cannot be created. */
  e820: E820Entry[];
}

interface Ram {
  mmioStart: bigint;
  lowmemEnd: bigint;
  highmemEnd: bigint;
}

/**
 * Computes a guest's memory layout as libxl does when it builds an HVM guest
 * (libxl__build_hvm, libxl__domain_device_construct_rdm, libxl__arch_domain_construct_memmap).
 *
 * @param query the hypercall; asked for all regions with the strategy `host`, then once per device
 */
export function layOutGuest(config: GuestConfig, query: QueryReservedDeviceMemory): GuestLayout {
  const { regions, withoutRegion } = collectRegions(config, query);
  return layOutAround(config, regions, withoutRegion);
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
): GuestLayout {
  const ram = placeRam(config);
  const regions = known.map((region): GuestRegion => ({ ...region, fate: 'exposed' }));
  moveRam(ram, regions, config);
  settle(ram, regions);

  const e820 = buildE820(ram, regions);
  const refusal = regions.some(({ fate }) => fate === 'refused')
    ? 'rdm-conflict'
    : e820.length >= E820_MAX
      ? 'too-many-entries'
      : null;
  return { ...ram, regions, withoutRegion, refusal, e820: refusal === null ? e820 : [] };
}

function placeRam({ memory, mmioHole }: GuestConfig): Ram {
  const hole = mmioHole > DEFAULT_MMIO_HOLE ? mmioHole : DEFAULT_MMIO_HOLE;
  const mmioStart = HIGH_MEMORY_START - hole;
  return memory > mmioStart
    ? { mmioStart, lowmemEnd: mmioStart, highmemEnd: HIGH_MEMORY_START + (memory - mmioStart) }
    : { mmioStart, lowmemEnd: memory, highmemEnd: 0n };
}

/** Frames to bytes, in the 64 bits libxl has for it. */
const toBytes = (pages: bigint): bigint => BigInt.asUintN(64, pages * PAGE_SIZE);

function collectRegions({ rdm, pci }: GuestConfig, query: QueryReservedDeviceMemory) {
  const regions = new Map<bigint, GuestRegion>();
  const withoutRegion: Sbdf[] = [];
  const all = rdm.strategy === 'host' ? query(null) : [];
  const add = (entry: ReservedDeviceMemory, policy: RdmPolicy): GuestRegion => {
    const start = toBytes(entry.start_pfn);
    const region = regions.get(start) ?? {
      start,
      size: toBytes(entry.nr_pages),
      policy,
      devices: [],
      owners: entry.owners,
      fate: 'exposed',
    };
    // A region already known keeps its size and takes over the policy: the last device decides.
    region.policy = policy;
    regions.set(start, region);
    return region;
  };

  for (const entry of all) add(entry, rdm.policy ?? 'relaxed');
  for (const { device, rdmPolicy } of pci) {
    const own = query(device);
    for (const entry of own) add(entry, rdmPolicy ?? 'strict').devices.push(device);
    if (own.length === 0) withoutRegion.push(device);
  }
  return { regions: [...regions.values()], withoutRegion };
}

/** Whether a region that has any bytes overlaps [start, end); its end wraps at 64 bits, as libxl's does (overlaps_rdm). */
const overlaps = ({ start: base, size }: GuestRegion, start: bigint, end: bigint): boolean =>
  size > 0n && end > base && start < BigInt.asUintN(64, base + size);

function moveRam(ram: Ram, regions: readonly GuestRegion[], config: GuestConfig): void {
  const asked = ram.lowmemEnd;
  for (const region of regions) {
    if (region.start <= config.rdmMemBoundary || !overlaps(region, 0n, asked)) continue;
    region.fate = 'ram-moved';
    if (!overlaps(region, 0n, ram.lowmemEnd)) continue;
    const roundDown = config.hap && region.start > 2n * MIB;
    const end = roundDown ? region.start - (region.start % (2n * MIB)) : region.start;
    ram.highmemEnd = (ram.highmemEnd || HIGH_MEMORY_START) + (ram.lowmemEnd - end);
    ram.lowmemEnd = end;
  }
}

function settle(ram: Ram, regions: readonly GuestRegion[]): void {
  for (const region of regions) {
    const conflict =
      overlaps(region, 0n, ram.lowmemEnd) ||
      (ram.highmemEnd !== 0n && overlaps(region, HIGH_MEMORY_START, ram.highmemEnd));
    if (conflict) region.fate = region.policy === 'strict' ? 'refused' : 'hidden';
  }
}

function buildE820(ram: Ram, regions: readonly GuestRegion[]): E820Entry[] {
  const entries: E820Entry[] = [];
  const add = (start: bigint, size: bigint, type: number) => entries.push({ start, size, type });
  // libxl subtracts without looking; with RAM moved to below 1 MiB there is nothing left to list.
  if (ram.lowmemEnd > LOW_MEMORY_START) {
    add(LOW_MEMORY_START, ram.lowmemEnd - LOW_MEMORY_START, E820.ram);
  }
  for (const { start, size, fate } of regions) {
    if (fate !== 'hidden') add(start, size, E820.reserved);
  }
  if (ram.highmemEnd !== 0n) {
    add(HIGH_MEMORY_START, ram.highmemEnd - HIGH_MEMORY_START, E820.ram);
  }
  return entries;
}
