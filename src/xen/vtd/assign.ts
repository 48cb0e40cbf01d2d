import { formatSbdf, sbdfOf } from '../../base/sbdf.js';
import { addressKey, type Candidate } from '../../regions/candidate.js';
import type { Xen } from '../boot.js';
import type { RmrrUnit } from './units.js';

/** What Xen does when the device is to be given to an HVM guest. */
export interface XenVerdict {
  readonly verdict: 'ok' | 'needs relaxed' | 'blocked';
  readonly reason: 'no-region' | 'own-region' | 'shared-region' | 'vtd-off';
  /** Whether it can be assigned under rdm_policy=strict and under rdm_policy=relaxed. */
  readonly strict: 'ok' | 'blocked';
  readonly relaxed: 'ok' | 'blocked';
  /** One sentence: why. */
  readonly message: string;
  /** The region that is shared, which the log names; null where none is. */
  readonly shared: RmrrUnit | null;
  /** What Xen's log says under either policy; null where it says nothing. */
  readonly log: { readonly strict: string; readonly relaxed: string } | null;
  /** One sentence: what to do about it; null where nothing needs doing. */
  readonly remedy: string | null;
}

/** The regions of a hypervisor that has read a table, by the address of each device they name. */
export type UnitsByDevice = ReadonlyMap<number, readonly RmrrUnit[]>;

/** Finds for each device the regions whose scope names it, in the order in which Xen goes through them. */
export function unitsByDevice({ units }: Xen): UnitsByDevice {
  const byDevice = new Map<number, RmrrUnit[]>();
  for (const unit of units) {
    for (const { bdf } of unit.devices) {
      if (bdf === null) continue;
      const key = addressKey(sbdfOf(unit.segment, bdf));
      const known = byDevice.get(key);
      if (known === undefined) byDevice.set(key, [unit]);
      else if (known.at(-1) !== unit) known.push(unit);
    }
  }
  return byDevice;
}

/**
 * Judges a device as Xen would (xen/drivers/passthrough/vtd/iommu.c, intel_iommu_assign_device): one whose
 * region has more than one device in its scope is refused under the policy strict. Devices below a bridge
 * that is named are no devices of the region to Xen.
 *
 * @param xen the hypervisor after it has read the table
 * @param byDevice its regions, as {@link unitsByDevice} finds them
 */
export function judgeXen(candidate: Candidate, xen: Xen, byDevice: UnitsByDevice): XenVerdict {
  if (xen.outcome !== 'ok' || !xen.iommu_enabled) {
    return {
      verdict: 'blocked',
      reason: 'vtd-off',
      strict: 'blocked',
      relaxed: 'blocked',
      message: 'VT-d is off under Xen, so no device can be given to a guest.',
      shared: null,
      log: null,
      remedy: 'dmar map tells why VT-d is off.',
    };
  }
  const units = byDevice.get(addressKey(candidate.address)) ?? [];
  if (units.length === 0) {
    return fine('no-region', 'No reserved region that Xen knows of names it.');
  }
  // The policy came with the hypercall's present interface; before, nobody looked for sharing.
  const policed = xen.release.interface !== 'rfc-v7';
  const shared = policed ? units.find(({ devices }) => devices.length > 1) : undefined;
  if (shared === undefined) {
    return fine(
      'own-region',
      'Its reserved memory is mapped one to one into the guest, and must not collide with guest RAM (see dmar guest).',
    );
  }
  const name = formatSbdf(candidate.address);
  const tail = `to assign ${name} with shared RMRR at ${shared.base_address.toString(16)}`;
  return {
    verdict: 'needs relaxed',
    reason: 'shared-region',
    strict: 'blocked',
    relaxed: 'ok',
    message: `Its reserved memory is shared by ${shared.devices.length} devices, which Xen refuses under rdm_policy=strict (-EPERM) and allows under relaxed.`,
    shared,
    log: { strict: `It's disallowed ${tail}`, relaxed: `It's risky ${tail}` },
    remedy: `Accept the risk in the guest's configuration: pci = [ '${name},rdm_policy=relaxed' ].`,
  };
}

const fine = (reason: XenVerdict['reason'], message: string): XenVerdict => ({
  verdict: 'ok',
  reason,
  strict: 'ok',
  relaxed: 'ok',
  message,
  shared: null,
  log: null,
  remedy: null,
});
