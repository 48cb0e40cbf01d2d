import { PAGE_SIZE } from '../../base/address.js';
import type { Interval } from '../../base/interval.js';
import { isSince, type PointRelease, parsePointRelease } from '../../base/point-release.js';
import type { Sbdf } from '../../base/sbdf.js';
import { addressKey } from '../../regions/candidate.js';
import type { Xen } from '../boot.js';
import { unitsByDevice } from './assign.js';
import type { RmrrUnit } from './units.js';

/** Why a device cannot be attached to a guest. */
export interface AttachFailure {
  readonly device: Sbdf;
  /** EPERM: its region is shared; EBUSY: a page of it is taken; EADDRINUSE: it overlaps another region. */
  readonly errno: 'EPERM' | 'EBUSY' | 'EADDRINUSE';
  /** The region at fault, first byte. */
  readonly rmrrBase: bigint;
  /** With EBUSY the first byte of the first page that is taken; with EADDRINUSE that of the other region. */
  readonly at: bigint | null;
}

/** Releases since which two regions of a guest may not overlap without being equal. */
const NO_OVERLAP: readonly PointRelease[] = [
  [13, 4],
  [14, 3],
  [15, 1],
];

/**
 * Attaches devices to an HVM guest, one after the other, as Xen does (XEN_DOMCTL_assign_device;
 * xen/drivers/passthrough/vtd/iommu.c, intel_iommu_assign_device and rmrr_identity_mapping, later
 * iommu_identity_mapping; xen/arch/x86/mm/p2m.c, set_identity_p2m_entry).
 *
 * @param devices in the toolstack's order, with the policy that it hands over
 * @param taken guest-physical bytes whose pages are something already, in any order
 * @returns the first failure, at which the toolstack destroys the guest; null where all are attached
 */
export function attachDevices(
  xen: Xen,
  devices: readonly { readonly device: Sbdf; readonly relaxed: boolean }[],
  taken: readonly Interval[],
): AttachFailure | null {
  const byDevice = unitsByDevice(xen);
  const release = parsePointRelease(xen.release.name);
  const refusesOverlap = release !== null && isSince(release, NO_OVERLAP);
  const mapped: RmrrUnit[] = [];
  for (const { device, relaxed } of devices) {
    const units = byDevice.get(addressKey(device)) ?? [];
    const fail = (errno: AttachFailure['errno'], unit: RmrrUnit, at: bigint | null) => ({
      device,
      errno,
      rmrrBase: unit.base_address,
      at,
    });
    const shared = relaxed ? undefined : units.find((unit) => unit.devices.length > 1);
    if (shared !== undefined) return fail('EPERM', shared, null);
    for (const unit of units) {
      if (mapped.some((other) => isSameRegion(unit, other))) continue;
      const other = refusesOverlap ? mapped.find((known) => isOverlapping(unit, known)) : undefined;
      if (other !== undefined) return fail('EADDRINUSE', unit, other.base_address);
      const page = relaxed ? null : firstTakenPage(unit, taken);
      if (page !== null) return fail('EBUSY', unit, page);
      mapped.push(unit);
    }
  }
  return null;
}

const isSameRegion = (a: RmrrUnit, b: RmrrUnit): boolean =>
  a.base_address === b.base_address && a.end_address === b.end_address;

/** Compared by bytes, the last one included. */
const isOverlapping = (a: RmrrUnit, b: RmrrUnit): boolean =>
  a.end_address >= b.base_address && b.end_address >= a.base_address;

/** Pages from that of the base up to the inclusive limit rounded up: a limit at a page's start loses that page. */
function firstTakenPage(
  { base_address, end_address }: RmrrUnit,
  taken: readonly Interval[],
): bigint | null {
  const start = base_address - (base_address % PAGE_SIZE);
  const end = ((end_address + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;
  let first: bigint | null = null;
  for (const range of taken) {
    const at = range.start > start ? range.start : start;
    if (at < end && at < range.end && (first === null || at < first)) first = at;
  }
  return first;
}
