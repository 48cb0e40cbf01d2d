import { sbdfKey } from '../../base/sbdf.js';
import type { Candidate } from '../../regions/candidate.js';
import { blocked, fine, type XenVerdict } from '../assign-verdict.js';
import type { AmdDriver } from './init.js';

/**
 * Judges a device as AMD's driver would (xen/drivers/passthrough/amd/pci_amd_iommu.c,
 * amd_iommu_assign_device and reassign_device): it needs an IOMMU in front of it, and whether regions are
 * shared is not asked.
 *
 * @param amd the driver after it has read the table, with the IOMMU on
 */
export function judgeAmd({ address }: Candidate, { mappings, iommus }: AmdDriver): XenVerdict {
  const { segment, bus, device, func } = address;
  const bdf = sbdfKey(0, bus, device, func);
  const known = segment === 0 && mappings !== null && bdf < mappings.size;
  const entry = known ? mappings.at(bdf) : null;
  const hasIommu =
    segment === 0 ? entry?.iommu != null : iommus.some((iommu) => iommu.segment === segment);
  if (!hasIommu) {
    return blocked(
      'no-iommu',
      'No IVHD puts it behind an IOMMU, so Xen cannot give it to a guest (-ENODEV).',
      'Pass another device through: this one is left out of the IVRS table, as host bridges and the IOMMU itself are.',
    );
  }
  if (known && entry !== null && mappings.at(entry.requestor ?? bdf).maps !== null) {
    return fine(
      'own-region',
      'Its reserved memory is mapped one to one into the guest, and must not collide with guest RAM (see dmar guest).',
    );
  }
  return fine('no-region', 'No reserved region is mapped for it.');
}
