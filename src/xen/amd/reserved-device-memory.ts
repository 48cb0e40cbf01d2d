import { PAGE_SIZE } from '../../base/address.js';
import type { Origin } from '../../regions/region.js';
import type { GrdmCallback, ReportedRegion } from '../reported-region.js';
import { HypervisorStop } from '../stop.js';
import { deviceName } from './blocks.js';
import type { AmdDriver } from './init.js';
import { unityMaps } from './mappings.js';
import { regionName } from './parse-ivmd.js';
import type { MemoryBlock } from './parse-state.js';

const U64 = 64;

/** Pages from a range's first to that of its last, as Xen counts them; modulo 2^64. */
const pagesTo = (base: bigint, limit: bigint): bigint =>
  BigInt.asUintN(U64, (BigInt.asUintN(U64, (limit | 1n) + PAGE_SIZE - 1n) >> 12n) - (base >> 12n));

/**
 * Goes through the device IDs of segment 0 and offers the callback what each one has reserved
 * (xen/drivers/passthrough/amd/iommu_map.c, amd_iommu_get_reserved_device_memory). It first asks with no pages at
 * frame 0 whether the device is one that the caller wants to hear of: the 64-bit hypercall's callback answers
 * without storing anything; the 32-bit one stores that as an entry, and so do its callers see it.
 *
 * @returns 0, or what the callback stopped the walk with
 * @throws HypervisorStop where no IOMMU is on segment 0: Xen has nothing to go through, and does
 */
export function amdIommuGetReservedDeviceMemory(
  { mappings, unasked }: Pick<AmdDriver, 'mappings' | 'unasked'>,
  func: GrdmCallback,
): number {
  if (mappings === null) {
    throw new HypervisorStop(
      'bug',
      'no IOMMU is on segment 0, and Xen goes through the device IDs of that segment: a page fault',
    );
  }
  // Regions for all devices are reported once, at the first device asked for.
  let global: 'pending' | 'processing' | 'done' = 'pending';
  for (const { first, last, entry } of mappings.answering(unasked)) {
    const { iommu, requestor } = entry;
    if (iommu === null) continue;
    const maps = unityMaps(entry.maps);
    const own = maps.filter((map) => !map.global);
    for (let bdf = first; bdf <= last; bdf++) {
      if (func(0n, 0n, bdf, probeOf(bdf)) !== 0) {
        // Devices behind one requestor show up once, at the requestor.
        if (
          requestor !== null &&
          mappings.at(requestor).iommu !== null &&
          func(0n, 0n, requestor, probeOf(requestor)) !== 0
        ) {
          continue;
        }
        if (global === 'pending') global = 'processing';
      }
      const { exclusion } = iommu;
      if (exclusion !== null && (exclusion.all ? global === 'processing' : entry.exclusion)) {
        const { base, limit, all, origins } = exclusion;
        const rc = func(
          base >> 12n,
          pagesTo(base, limit),
          bdf,
          new Report(bdf, origins[0] ?? null, all),
        );
        if (rc < 0) return rc;
      }
      for (const map of global === 'processing' ? maps : own) {
        const rc = func(
          map.base >> 12n,
          map.length >> 12n,
          bdf,
          new Report(bdf, map.origin, map.global),
        );
        if (rc < 0) return rc;
      }
      if (global === 'processing') global = 'done';
    }
  }
  return 0;
}

/** Entries that {@link amdIommuGetReservedDeviceMemory} has for one who asks for all: each device of each region is one. */
export function countEntries({
  mappings,
  unasked,
}: Pick<AmdDriver, 'mappings' | 'unasked'>): number {
  let count = 0;
  for (const { first, last, entry } of mappings?.answering(unasked) ?? []) {
    if (entry.iommu === null) continue;
    const own =
      unityMaps(entry.maps).filter(({ global }) => !global).length + (entry.exclusion ? 1 : 0);
    count += (last - first + 1) * own;
  }
  return count;
}

/** What is reported for a device; its name is made when somebody asks, since the walk makes one for every device ID. */
class Report implements ReportedRegion {
  readonly rmrr = null;

  constructor(
    readonly bdf: number,
    readonly origin: Origin | null,
    readonly global: boolean,
  ) {}

  get devices() {
    return [{ bdf: this.bdf, name: deviceName(this.bdf) }];
  }
}

const probeOf = (bdf: number): ReportedRegion => new Report(bdf, null, false);

/** Why a region that is in use is in no caller's map. */
export interface Unreported {
  readonly block: MemoryBlock;
  readonly reason: 'no-pages' | 'never-reported';
  readonly message: string;
}

/**
 * Regions that are in use, but that nobody who asks for all regions is told of.
 *
 * @param skipsEmpty whether the caller never sees regions of 0 pages
 */
export function unreportedRegions(
  { mappings, iommus, registered }: AmdDriver,
  skipsEmpty: boolean,
): Unreported[] {
  const entries = mappings === null ? [] : [...mappings.runs()].map(({ value }) => value);
  const first = entries.find(({ iommu }) => iommu !== null)?.iommu ?? null;
  const reported = new Set<Origin>();
  const empty = new Set<Origin>();
  for (const { iommu, maps } of entries) {
    for (const { origin, length } of iommu === null ? [] : unityMaps(maps)) {
      (length >> 12n === 0n && skipsEmpty ? empty : reported).add(origin);
    }
  }
  for (const iommu of iommus) {
    const { exclusion } = iommu;
    if (exclusion === null || (exclusion.all && iommu !== first)) continue;
    for (const origin of exclusion.origins) reported.add(origin);
  }
  return registered
    .filter(({ origin }) => !reported.has(origin))
    .map((block) => {
      const name = regionName(block);
      return empty.has(block.origin)
        ? {
            block,
            reason: 'no-pages',
            message: `${name} comes to 0 pages, which no 64-bit caller sees.`,
          }
        : {
            block,
            reason: 'never-reported',
            message: `${name} is the exclusion range of an IOMMU other than the first listed device's; only a request for one of its own devices shows it.`,
          };
    });
}
