import type { Candidate } from '../regions/candidate.js';
import { judgeAmd } from './amd/assign.js';
import { blocked, fine, type XenVerdict } from './assign-verdict.js';
import type { Xen } from './boot.js';
import { iommuName } from './rdm-map.js';
import { judgeVtd, unitsByDevice } from './vtd/assign.js';

/**
 * Judges devices as a hypervisor's driver would when they are to be given to an HVM guest
 * (xen/drivers/passthrough/pci.c, assign_device).
 *
 * @param xen the hypervisor after it has read the table
 */
export function judgeXen(xen: Xen): (candidate: Candidate) => XenVerdict {
  if (xen.outcome !== 'ok' || !xen.iommu_enabled) {
    const iommu = iommuName(xen);
    const off = blocked(
      'vtd-off',
      `${iommu} is off under Xen, so no device can be given to a guest.`,
      `dmar map tells why ${iommu} is off.`,
    );
    return () => off;
  }
  const { amd } = xen;
  if (amd !== null) {
    // Releases that report no regions are not asked what they know of devices.
    return xen.ops_missing ? () => UNKNOWN : (candidate) => judgeAmd(candidate, amd);
  }
  const byDevice = unitsByDevice(xen);
  return (candidate) => judgeVtd(candidate, xen, byDevice);
}

const UNKNOWN = fine(
  'no-region',
  'This release reports no regions on AMD machines, so nothing keeps guest RAM out of those of a device.',
);
