import { SCOPE_HPET, SCOPE_IOAPIC } from '../../acpi/dmar/device-scope.js';
import { DRHD_FLAGS, drhd } from '../../acpi/dmar/drhd.js';
import { hasFlag } from '../../acpi/layout.js';
import { formatAddress } from '../../base/address.js';
import { ERRNO } from '../hypercall/errno.js';
import { isDevicePresent, type NotedDevice, named } from './device-scope.js';
import type { ParseState, StructureAt } from './parse-state.js';
import { nameDevices } from './units.js';

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/**
 * Parses a DRHD (xen/drivers/passthrough/vtd/dmar.c, acpi_parse_one_drhd; iommu.c, iommu_alloc).
 *
 * @returns whether to go on
 */
export function parseDrhd(state: ParseState, at: StructureAt): boolean {
  const { memory, release, machine, options, drhds, seen } = state;
  const index = drhds.met++;
  if (!state.hasLength(at, drhd.fixedLength)) return false;
  const fail = (errno: number, message: string) =>
    state.fail(at, errno, `The DRHD at offset ${at.offset} ${message}.`);

  const address = memory.u64(at.offset + drhd.at.registerBaseAddress);
  if (address === 0n || address === ALL_ONES) {
    return fail(ERRNO.ENODEV, `has the register base address ${formatAddress(address)}`);
  }
  if (drhds.allocated++ >= release.drhdLimit) {
    return fail(ERRNO.ENOMEM, `is one more than the ${release.drhdLimit} Xen has room for`);
  }
  if (options.dead_drhd === index || options.dead_drhd === address)
    return fail(ERRNO.ENODEV, 'has registers that read all ones');

  const segment = memory.u16(at.offset + drhd.at.segment);
  const scopes = state.parseScopes(at, drhd.fixedLength, segment);
  if (scopes === null) return false;
  if (hasFlag(memory.u8(at.offset + drhd.at.flags), DRHD_FLAGS, 'INCLUDE_PCI_ALL')) {
    if (segment === 0 && seen.includePciAll) {
      return fail(ERRNO.EINVAL, 'is a second one with INCLUDE_PCI_ALL on segment 0');
    }
    seen.includePciAll ||= segment === 0;
  } else if (!options.force_iommu && machine.segments.has(segment)) {
    const absent = absentDevices(state, scopes, segment);
    if (absent.length > 0) return judgeAbsent(state, at, absent, scopes.devices.length);
  }
  drhds.registered++;
  return true;
}

/**
 * Devices that do not answer. The type of the i-th entry decides whether the i-th counted device is
 * asked, as Xen has it, although entries and counted devices may be out of step.
 */
const absentDevices = (
  { machine }: ParseState,
  { devices, entryTypes }: { devices: NotedDevice[]; entryTypes: number[] },
  segment: number,
): NotedDevice[] =>
  devices.filter((device, i) => {
    const exempt = entryTypes[i] === SCOPE_IOAPIC || entryTypes[i] === SCOPE_HPET;
    return !exempt && !isDevicePresent(device, segment, machine);
  });

/** Fails, ignores or registers a DRHD that names devices which are not there. */
function judgeAbsent(
  state: ParseState,
  at: StructureAt,
  absent: readonly NotedDevice[],
  counted: number,
): boolean {
  const { release, options, diagnostics, drhds } = state;
  const message = `The DRHD at offset ${at.offset} names devices that are not there: ${nameDevices(absent.map(named))}`;
  const ignored = options.workaround_bios_bug && absent.length === counted;
  if (release.drhdAbsentDevicesFail && !ignored) {
    return state.fail(at, ERRNO.EINVAL, `${message}.`);
  }
  const { offset, length } = at;
  const consequence = release.drhdAbsentDevicesFail
    ? '; workaround_bios_bug makes Xen ignore the unit.'
    : '.';
  diagnostics.push({
    code: 'xen-drhd-absent-device',
    severity: 'warning',
    offset,
    length,
    message: message + consequence,
  });
  if (!release.drhdAbsentDevicesFail) drhds.registered++;
  return true;
}
