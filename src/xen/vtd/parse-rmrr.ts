import { rmrr } from '../../acpi/dmar/rmrr.js';
import { formatAddress, formatRange } from '../../base/address.js';
import { ERRNO } from '../hypercall/errno.js';
import type { Machine } from '../machine.js';
import { originOfRmrr } from '../reported-region.js';
import { isDevicePresent, named } from './device-scope.js';
import type { ParseState, StructureAt } from './parse-state.js';
import { nameDevices, type RmrrUnit, rmrrName, unitName } from './units.js';

const PAGE_SHIFT = 12n;

/**
 * Parses an RMRR (xen/drivers/passthrough/vtd/dmar.c, acpi_parse_one_rmrr). One that is ignored has
 * met the tests before that all the same: an overlap fails the table whatever the scopes say.
 *
 * @returns whether to go on
 */
export function parseRmrr(state: ParseState, at: StructureAt): boolean {
  const { memory, regions } = state;
  const place = { index: state.rmrrs++, offset: at.offset };
  if (!state.hasLength(at, rmrr.fixedLength)) return false;
  const base = memory.u64(at.offset + rmrr.at.baseAddress);
  const end = memory.u64(at.offset + rmrr.at.limitAddress);

  const other = regions.overlapping(base, end);
  if (other !== null) return failOverlap(state, at, base, end, other);
  const frame = unreservedFrame(state, base, end);
  if (frame !== null) {
    const page = formatAddress(frame << PAGE_SHIFT);
    const name = rmrrName(at.offset, base, end);
    const message = `${name} holds the page ${page}, which the memory map does not reserve.`;
    return state.fail(at, ERRNO.EIO, message);
  }
  const segment = memory.u16(at.offset + rmrr.at.segment);
  const scopes = state.parseScopes(at, rmrr.fixedLength, segment);
  if (scopes === null) return false;
  return register(state, at, {
    base_address: base,
    end_address: end,
    segment,
    devices: scopes.devices.map(named),
    rmrr: place,
    origin: originOfRmrr(place),
  });
}

function failOverlap(
  state: ParseState,
  at: StructureAt,
  base: bigint,
  end: bigint,
  other: RmrrUnit,
): boolean {
  const otherRange = formatRange(other.base_address, other.end_address);
  const message = `${rmrrName(at.offset, base, end)} overlaps the one at offset ${other.rmrr?.offset}, ${otherRange}.`;
  return state.fail(at, ERRNO.EEXIST, message);
}

/** A frame of the region that the memory map does not let an RMRR have; null where there is none. */
const unreservedFrame = (
  { release, memoryMap }: ParseState,
  base: bigint,
  end: bigint,
): bigint | null =>
  release.checksMemoryMap && memoryMap !== null
    ? memoryMap.firstUnclaimable(base >> PAGE_SHIFT, end >> PAGE_SHIFT)
    : null;

function register(state: ParseState, at: StructureAt, unit: RmrrUnit): boolean {
  const ignore = (reason: 'no-device-scope' | 'no-such-device', message: string) => {
    state.ignore(unit, reason, `${unitName(unit)} ${message}.`);
    return true;
  };
  switch (refusalOf(unit, state.machine)) {
    case null:
      state.units.push(unit);
      state.regions.add(unit);
      return true;
    case 'base-above-limit':
      return state.fail(at, ERRNO.EFAULT, `${unitName(unit)} has its base above its limit.`);
    case 'no-device-scope':
      return ignore('no-device-scope', 'names no PCI device');
    case 'no-such-device':
      return ignore(
        'no-such-device',
        `names only devices that are not there: ${nameDevices(unit.devices)}`,
      );
  }
}

/**
 * Why a region whose scopes were read is not registered (xen/drivers/passthrough/vtd/dmar.c,
 * acpi_parse_one_rmrr and register_one_rmrr); null where it is. Presence is asked only on segments that
 * are known, and one device that is there is enough.
 */
export function refusalOf(
  unit: RmrrUnit,
  machine: Machine,
): 'no-device-scope' | 'no-such-device' | 'base-above-limit' | null {
  if (unit.devices.length === 0) return 'no-device-scope';
  if (
    machine.segments.has(unit.segment) &&
    !unit.devices.some((device) => isDevicePresent(device, unit.segment, machine))
  ) {
    return 'no-such-device';
  }
  return unit.base_address > unit.end_address ? 'base-above-limit' : null;
}
