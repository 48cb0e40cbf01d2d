import type { Behaviour } from '../releases.js';
import type { GrdmCallback } from '../reported-region.js';
import type { RmrrUnit } from './units.js';

const U64 = 64;
const PAGE_SHIFT = 12n;
const PAGE_MASK = 4095n;

/** Frame that holds an address. */
const pfnDown = (address: bigint): bigint => address >> PAGE_SHIFT;

/** Frame after an address, unless the address begins one; wraps like the 64-bit original. */
const pfnUp = (address: bigint): bigint => BigInt.asUintN(U64, address + PAGE_MASK) >> PAGE_SHIFT;

/**
 * Frames of a region. Its limit is inclusive, but is rounded up as if it were not, so a limit at the
 * start of a page loses that page (xen/drivers/passthrough/vtd/dmar.c).
 */
export function framesOf({
  base_address,
  end_address,
}: Pick<RmrrUnit, 'base_address' | 'end_address'>): {
  start_pfn: bigint;
  nr_pages: bigint;
} {
  const start_pfn = pfnDown(base_address);
  return { start_pfn, nr_pages: BigInt.asUintN(U64, pfnUp(end_address) - start_pfn) };
}

/**
 * Walks the units and offers each to the callback (xen/drivers/passthrough/vtd/dmar.c,
 * intel_iommu_get_reserved_device_memory).
 *
 * @param units in list order
 * @returns 0, or what the callback stopped the walk with
 */
export function intelIommuGetReservedDeviceMemory(
  units: readonly RmrrUnit[],
  walk: Behaviour['interface'],
  func: GrdmCallback,
): number {
  for (const unit of units) {
    const { start_pfn, nr_pages } = framesOf(unit);
    const rc =
      walk === 'rfc-v7'
        ? func(start_pfn, nr_pages, null, unit)
        : offerToDevices(unit, (id) => func(start_pfn, nr_pages, id, unit));
    if (rc < 0) return rc;
  }
  return 0;
}

/** Offers a unit under each of its devices until it is taken; a device 00:00.0 ends the list. */
function offerToDevices(
  { devices, segment }: RmrrUnit,
  offer: (id: number | null) => number,
): number {
  for (const { bdf } of devices) {
    if (bdf === 0) break;
    const rc = offer(bdf === null ? null : segment * 0x1_0000 + bdf);
    if (rc !== 0) return rc;
  }
  return 0;
}
