import type { Origin } from '../regions/region.js';

/** An RMRR of the table, by its place among the RMRRs and its byte offset. */
export interface RmrrPlace {
  readonly index: number;
  /** null where only a kernel's log shows the region. */
  readonly offset: number | null;
}

/** Where an RMRR comes from: the table, or `rmrr=`; null where only a log shows it. */
export function originOfRmrr(place: RmrrPlace | null): Origin | null {
  if (place === null) return { option: 'rmrr' };
  const { index, offset } = place;
  return offset === null ? null : { table: 'DMAR', structure: 'RMRR', index, offset };
}

/** A device by what is known of its address. */
export interface ReportedDevice {
  /** Bus, device and function in bits 15:8, 7:3 and 2:0; null where the path has several hops and the machine's bridges are not known. */
  readonly bdf: number | null;
  /** Its address, or the path where that is all that is known. */
  readonly name: string;
}

/** A region as a driver reports it to the hypercall: what the caller's buffer cannot tell. */
export interface ReportedRegion {
  /** Its place in a DMAR table; null for any other. */
  readonly rmrr: RmrrPlace | null;
  /** null where no region is behind it, but a question of Xen's (see amd/reserved-device-memory.ts). */
  readonly origin: Origin | null;
  /** The devices of an RMRR; of a region of AMD's, the one it is reported for. */
  readonly devices: readonly ReportedDevice[];
  /** Whether AMD's driver reports it once, at the first device asked for, although it is for all. */
  readonly global?: boolean;
}

/**
 * The hypercall's callback, called with one region (xen/include/xen/iommu.h, iommu_grdm_t).
 *
 * @param id segment in bits 31:16, bus, device and function below; null where the address is unknown,
 *   and in the first interface, which does not tell it
 * @returns a negative errno to stop; where the driver looks at it, 1 takes what is offered and 0 is not
 *   interested in the device
 */
export type GrdmCallback = (
  start_pfn: bigint,
  nr_pages: bigint,
  id: number | null,
  region: ReportedRegion,
) => number;
