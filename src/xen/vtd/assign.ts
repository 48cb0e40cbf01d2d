import { formatSbdf, keyOf, sbdfOf } from '../../base/sbdf.js';
import type { Candidate } from '../../regions/candidate.js';
import { fine, type XenVerdict } from '../assign-verdict.js';
import type { Xen } from '../boot.js';
import type { RmrrUnit } from './units.js';

/** The regions of a hypervisor that has read a table, by the address of each device they name. */
export type UnitsByDevice = ReadonlyMap<number, readonly RmrrUnit[]>;

/** Finds for each device the regions whose scope names it, in the order in which Xen goes through them. */
export function unitsByDevice({ units }: Xen): UnitsByDevice {
  const byDevice = new Map<number, RmrrUnit[]>();
  for (const unit of units) {
    for (const { bdf } of unit.devices) {
      if (bdf === null) continue;
      const key = keyOf(sbdfOf(unit.segment, bdf));
      const known = byDevice.get(key);
      if (known === undefined) byDevice.set(key, [unit]);
      else if (known.at(-1) !== unit) known.push(unit);
    }
  }
  return byDevice;
}

/**
 * Judges a device as VT-d's driver would (xen/drivers/passthrough/vtd/iommu.c, intel_iommu_assign_device): one whose
 * region has more than one device in its scope is refused under the policy strict. Devices below a bridge
 * that is named are no devices of the region to Xen.
 *
 * @param xen the hypervisor after it has read the table, with the IOMMU on
 * @param byDevice its regions, as {@link unitsByDevice} finds them
 */
export function judgeVtd(candidate: Candidate, xen: Xen, byDevice: UnitsByDevice): XenVerdict {
  const units = byDevice.get(keyOf(candidate.address)) ?? [];
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
