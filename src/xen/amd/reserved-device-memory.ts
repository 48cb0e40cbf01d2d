import { PAGE_SIZE } from '../../base/address.js';
import type { Origin } from '../../regions/region.js';
import type { GrdmCallback, ReportedRegion } from '../reported-region.js';
import { HypervisorStop } from '../stop.js';
import { deviceName } from './blocks.js';
import type { AmdDriver } from './init.js';

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
    const { iommu, requestor, maps } = entry;
    if (iommu === null) continue;
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
      for (const map of maps) {
        if (map.global && global !== 'processing') continue;
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
