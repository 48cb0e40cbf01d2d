import { amdIommuGetReservedDeviceMemory } from './amd/reserved-device-memory.js';
import type { Xen } from './boot.js';
import type { GrdmCallback } from './reported-region.js';
import { intelIommuGetReservedDeviceMemory } from './vtd/vtd.js';

/**
 * Dispatches to the IOMMU's driver (xen/drivers/passthrough/iommu.c,
 * iommu_get_reserved_device_memory). With the IOMMU off, or a driver without the operation, there is
 * nothing to report and no error.
 */
export const iommuGetReservedDeviceMemory = (xen: Xen, func: GrdmCallback): number =>
  !xen.iommu_enabled || xen.ops_missing
    ? 0
    : xen.amd !== null
      ? amdIommuGetReservedDeviceMemory(xen.amd, func)
      : intelIommuGetReservedDeviceMemory(xen.units, xen.release.interface, func);
