import { formatRange } from '../../base/address.js';
import type { Origin } from '../../regions/region.js';
import type { ReportedRegion, RmrrPlace } from '../reported-region.js';
import type { ScopeDevice } from './device-scope.js';

/** A reserved region Xen accepted (xen/drivers/passthrough/vtd/dmar.h, struct acpi_rmrr_unit). */
export interface RmrrUnit extends ReportedRegion {
  readonly base_address: bigint;
  /** Inclusive. */
  readonly end_address: bigint;
  readonly segment: number;
  readonly devices: readonly ScopeDevice[];
  /** Where in the table it stands; null for one of the `rmrr=` option. */
  readonly rmrr: RmrrPlace | null;
}

/** Why a region of a table, or of an option, is not in the map. */
export type IgnoreReason =
  | 'no-device-scope'
  | 'no-such-device'
  | 'malformed'
  | 'not-reached'
  | 'dropped'
  | 'refused'
  | 'vtd-disabled'
  | 'never-reported'
  | 'no-pages'
  | 'not-addressable'
  | 'no-iommu';

/** A region that is not among the units. */
export interface IgnoredRegion {
  readonly rmrr: RmrrPlace | null;
  /** Where it stands written; null where only a log shows it. */
  readonly origin: Origin | null;
  readonly base_address: bigint;
  readonly end_address: bigint;
  readonly reason: IgnoreReason;
  readonly message: string;
}

/** Names an RMRR of the table for a sentence that goes on. */
export const rmrrName = (offset: number | null, base: bigint, end: bigint): string =>
  offset === null
    ? `The RMRR ${formatRange(base, end)}`
    : `The RMRR at offset ${offset}, ${formatRange(base, end)},`;

/** Names a unit for a sentence that goes on: by its place in the table, or as a region of `rmrr=`. */
export const unitName = ({ rmrr, base_address, end_address }: RmrrUnit): string =>
  rmrr === null
    ? `The region ${formatRange(base_address, end_address)} of rmrr=`
    : rmrrName(rmrr.offset, base_address, end_address);

/** The devices of a unit as a list for a sentence. */
export const nameDevices = (devices: readonly ScopeDevice[]): string =>
  devices.map((device) => device.name).join(', ');
