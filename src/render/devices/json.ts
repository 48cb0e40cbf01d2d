import type { Companions } from '../../answers/companions.js';
import type { DeviceReport, DevicesAnswer } from '../../answers/devices.js';
import { formatAddress } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { formatSbdf } from '../../base/sbdf.js';
import type { IommuGroup } from '../../machine/host.js';
import type { PciNames } from '../../machine/pci-names.js';
import type { ReservedRegion } from '../../regions/region.js';
import type { Format } from '../basics/format.js';
import { FORMAT_VERSION, type JsonObject } from '../basics/json.js';
import { originToJson } from '../basics/region-json.js';
import { sourceToJson } from '../basics/source-json.js';
import { helpsOverride, overrideCommand } from './override.js';

const hexOrNull = (value: number | null, digits: number) =>
  value === null ? null : hex(value, digits);

/** Which of the table's RMRRs a region is; null where it is none. */
const rmrrOf = ({ origin }: ReservedRegion) =>
  'structure' in origin && origin.structure === 'RMRR'
    ? { index: origin.index, offset: origin.offset }
    : null;

/** The devices and their verdicts as JSON: see the JSON Schema `devices`. */
export function devicesToJson(answer: DevicesAnswer): JsonObject {
  const { source, judges, reports, names, notes, diagnostics } = answer;
  return {
    source: sourceToJson(source),
    model: {
      linux: judges.kernel.release,
      relax_rmrr: judges.kernel.relaxesAll,
      xen: judges.xen.release.name,
    },
    devices: reports.map((report) => deviceToJson(report, names)),
    notes: [...notes],
    diagnostics: diagnostics.map((diagnostic) => ({ ...diagnostic })),
    format_version: FORMAT_VERSION,
  };
}

export const json: Format<DevicesAnswer> = { document: devicesToJson };

/**
 * Most that a device's lists of others hold: for all devices of a group they are as long as the group's square. That is
 * as many as the functions of a bus; groups and regions of real machines have a few.
 */
const MOST_OTHERS = 256;

/** The first of a list of others, and whether there are more. */
const cut = <T>(list: readonly T[]): { first: readonly T[]; isCut: boolean } => ({
  first: list.slice(0, MOST_OTHERS),
  isCut: list.length > MOST_OTHERS,
});

/** What an object with lists says where one of them was cut off. */
const truncated = (...cuts: readonly boolean[]): JsonObject =>
  cuts.includes(true) ? { truncated: true } : {};

function groupToJson({ id, devices, reservedRegions }: IommuGroup): JsonObject {
  const { first, isCut } = cut(devices);
  return { id, devices: first, ...truncated(isCut, cut(reservedRegions ?? []).isCut) };
}

function companionsToJson(companions: Companions): JsonObject {
  const group = cut(companions.first(MOST_OTHERS + 1, 'group'));
  const regions = cut(companions.first(MOST_OTHERS + 1, 'regions'));
  return {
    group: group.first.map(formatSbdf),
    regions: regions.first.map(formatSbdf),
    ...truncated(group.isCut, regions.isCut),
  };
}

/** What a device is, as the JSON has it. */
export function functionToJson({ candidate }: DeviceReport, names: PciNames | null) {
  const { address, classCode, vendorId, deviceId, driver, physicalFunction } = candidate;
  const known = vendorId !== null && deviceId !== null;
  return {
    device: formatSbdf(address),
    vendor_id: hexOrNull(vendorId, 4),
    device_id: hexOrNull(deviceId, 4),
    name: known ? (names?.device(vendorId, deviceId) ?? null) : null,
    class: hexOrNull(classCode, 6),
    class_name: classCode === null ? null : (names?.className(classCode) ?? null),
    driver,
    physical_function: physicalFunction === null ? null : formatSbdf(physicalFunction),
  };
}

/** One device and its verdicts, as an element of `devices` in that schema. */
export function deviceToJson(report: DeviceReport, names: PciNames | null) {
  const { candidate, restriction, linux, xen, disagreements } = report;
  const { address, group } = candidate;
  return {
    ...functionToJson(report, names),
    iommu_group: group === null ? null : groupToJson(group),
    goes_with: companionsToJson(report.companions),
    regions: candidate.uses.map(({ region, named, below }) => ({
      rmrr: rmrrOf(region),
      origin: originToJson(region.origin),
      base: formatAddress(region.base),
      limit: formatAddress(region.limit),
      named: formatSbdf(named),
      below_bridge: below,
    })),
    memory: restriction === null ? null : { kind: restriction.kind, why: restriction.why },
    reserved_regions:
      group?.reservedRegions?.slice(0, MOST_OTHERS).map(({ start, end, type }) => ({
        base: formatAddress(start),
        limit: formatAddress(end),
        type,
      })) ?? null,
    disagreements: [...disagreements],
    linux: {
      verdict: linux.verdict,
      reason: linux.reason,
      message: linux.message,
      log: linux.log,
      step: linux.step,
      errno: linux.errno,
      iommufd: linux.iommufd && { ...linux.iommufd },
      qemu: linux.qemu,
      way_out: linux.remedy,
      command: helpsOverride(report) ? overrideCommand([formatSbdf(address)]) : null,
    },
    xen: {
      verdict: xen.verdict,
      reason: xen.reason,
      strict: xen.strict,
      relaxed: xen.relaxed,
      message: xen.message,
      log: xen.log === null ? null : { ...xen.log },
      way_out: xen.remedy,
    },
  };
}
