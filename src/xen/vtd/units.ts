import { formatAddress } from '../../base/address.js';
import type { ScopeDevice } from './device-scope.js';

/** An RMRR of the table, by its place among the RMRRs and its byte offset. */
export interface RmrrPlace {
  readonly index: number;
  /** null where only a kernel's log tells of the region. */
  readonly offset: number | null;
}

/** A reserved region Xen accepted (xen/drivers/passthrough/vtd/dmar.h, struct acpi_rmrr_unit). */
export interface RmrrUnit {
  readonly base_address: bigint;
  /** Inclusive. */
  readonly end_address: bigint;
  readonly segment: number;
  readonly devices: readonly ScopeDevice[];
  /** Where in the table it stands; null for one of the `rmrr=` option. */
  readonly rmrr: RmrrPlace | null;
}

/** Why a region of the table, or of `rmrr=`, is not among the units. */
export type IgnoreReason =
  | 'no-device-scope'
  | 'no-such-device'
  | 'malformed'
  | 'not-reached'
  | 'dropped'
  | 'refused';

/** A region that is not among the units. */
export interface IgnoredRegion {
  readonly rmrr: RmrrPlace | null;
  readonly base_address: bigint;
  readonly end_address: bigint;
  readonly reason: IgnoreReason;
  readonly message: string;
}

/** A region for a sentence: `[0x…, 0x…]`, the limit inclusive. */
export const formatRange = (base: bigint, end: bigint): string =>
  `[${formatAddress(base)}, ${formatAddress(end)}]`;

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
