import { PAGE_SIZE } from '../base/address.js';
import { deviceIdOf } from '../base/device-index.js';
import type { Interval } from '../base/interval.js';
import { isSince, type PointRelease, parsePointRelease } from '../base/point-release.js';
import { keyOf, type Sbdf } from '../base/sbdf.js';
import { unityMaps } from './amd/mappings.js';
import type { Xen } from './boot.js';
import { unitsByDevice } from './vtd/assign.js';

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

/** Bytes that a device's driver maps one to one; both ends included. */
interface IdentityMap {
  readonly base: bigint;
  readonly end: bigint;
  /** Whether more than one device uses them, for which VT-d's driver refuses to assign any. */
  readonly shared: boolean;
}

/**
 * Attaches devices to a guest, one after the other, as Xen does (XEN_DOMCTL_assign_device;
 * xen/drivers/passthrough/vtd/iommu.c, intel_iommu_assign_device; xen/drivers/passthrough/amd/pci_amd_iommu.c,
 * amd_iommu_assign_device; rmrr_identity_mapping, later iommu_identity_mapping;
 * xen/arch/x86/mm/p2m.c, set_identity_p2m_entry).
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
  const mapsOf = mapsByDevice(xen);
  const release = parsePointRelease(xen.release.name);
  const refusesOverlap = release !== null && isSince(release, NO_OVERLAP);
  const mapped: IdentityMap[] = [];
  for (const { device, relaxed } of devices) {
    const maps = mapsOf(device);
    const fail = (errno: AttachFailure['errno'], { base }: IdentityMap, at: bigint | null) => ({
      device,
      errno,
      rmrrBase: base,
      at,
    });
    const shared = relaxed ? undefined : maps.find((map) => map.shared);
    if (shared !== undefined) return fail('EPERM', shared, null);
    for (const map of maps) {
      if (mapped.some(({ base, end }) => base === map.base && end === map.end)) continue;
      const other = refusesOverlap ? mapped.find((known) => isOverlapping(map, known)) : undefined;
      if (other !== undefined) return fail('EADDRINUSE', map, other.base);
      const page = relaxed ? null : firstTakenPage(map, taken);
      if (page !== null) return fail('EBUSY', map, page);
      mapped.push(map);
    }
  }
  return null;
}

/** What the driver maps for a device: of VT-d its RMRRs, of AMD the unity maps of the device that its requests carry. */
function mapsByDevice(xen: Xen): (device: Sbdf) => IdentityMap[] {
  const { amd } = xen;
  if (amd !== null) {
    return (device) => {
      const bdf = deviceIdOf(device);
      if (device.segment !== 0 || amd.mappings === null || bdf >= amd.mappings.size) return [];
      const { requestor } = amd.mappings.at(bdf);
      const { maps } = amd.mappings.at(requestor ?? bdf);
      return unityMaps(maps).map(({ base, length }) => ({
        base,
        end: base + length - 1n,
        shared: false,
      }));
    };
  }
  const byDevice = unitsByDevice(xen);
  return (device) =>
    (byDevice.get(keyOf(device)) ?? []).map((unit) => ({
      base: unit.base_address,
      end: unit.end_address,
      shared: unit.devices.length > 1,
    }));
}

/** Compared by bytes, the last one included. */
const isOverlapping = (a: IdentityMap, b: IdentityMap): boolean =>
  a.end >= b.base && b.end >= a.base;

/** Pages from that of the base up to the inclusive end rounded up: an end at a page's start loses that page. */
function firstTakenPage(map: IdentityMap, taken: readonly Interval[]): bigint | null {
  const start = map.base - (map.base % PAGE_SIZE);
  const end = ((map.end + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;
  let first: bigint | null = null;
  for (const range of taken) {
    const at = range.start > start ? range.start : start;
    if (at < end && at < range.end && (first === null || at < first)) first = at;
  }
  return first;
}
