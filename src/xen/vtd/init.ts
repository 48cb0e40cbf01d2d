import type { Diagnostic } from '../../acpi/diagnostic.js';
import { formatRange, PAGE_SIZE } from '../../base/address.js';
import type { XenCmdline } from '../cmdline.js';
import { ERRNO } from '../hypercall/errno.js';
import type { Machine } from '../machine.js';
import { MemoryMap } from '../memory-map.js';
import type { Release } from '../releases.js';
import { DisjointRegions } from './disjoint-regions.js';
import { type ParsedDmar, parseDmar } from './dmar-units.js';
import { refusalOf } from './parse-rmrr.js';
import type { UserRmrr } from './rmrr-option.js';
import { type IgnoredRegion, type RmrrUnit, unitName } from './units.js';

/** What Xen made of a DMAR table, and of `rmrr=`. */
export interface VtdDriver extends Pick<ParsedDmar, 'bug' | 'failure'> {
  /** What acpi_parse_dmar answered; 1 without a table, null where it was not called. */
  readonly parse_rc: number | null;
  /** Why VT-d is off although the table was parsed; null otherwise. */
  readonly off: string | null;
  /** acpi_rmrr_units, in list order: the last registered first. */
  readonly units: readonly RmrrUnit[];
  readonly ignored: readonly IgnoredRegion[];
  readonly diagnostics: readonly Diagnostic[];
}

const NOT_PARSED: Omit<ParsedDmar, 'rc'> = {
  bug: null,
  failure: null,
  units: [],
  regions: new DisjointRegions(),
  drhd_units: 0,
  ignored: [],
  diagnostics: [],
};

/**
 * Brings VT-d up on a machine with this table (xen/drivers/passthrough/vtd/dmar.c, acpi_dmar_init).
 *
 * @param bytes the DMAR table and what follows it in memory; null where the machine has none
 * @param hw_setup_rc what bringing the hardware up fails with, 0 or a negative errno
 * @param dead_drhd a DRHD whose registers read all ones: its place among those of the table, or its address
 */
export function initVtd(
  bytes: Uint8Array | null,
  machine: Machine,
  release: Release,
  { iommu, rmrr }: Pick<XenCmdline, 'iommu' | 'rmrr'>,
  hw_setup_rc: number,
  dead_drhd: number | bigint | undefined,
): VtdDriver {
  const { rc, parsed } = parseTable(bytes, machine, release, iommu, dead_drhd);
  const user = rc === 0 && rmrr !== null ? addUserRmrrs(rmrr.regions, parsed, machine) : null;
  return {
    parse_rc: rc,
    bug: parsed.bug,
    failure: parsed.failure,
    off: offReason(rc, parsed, iommu.enable, hw_setup_rc),
    units: user === null ? parsed.units : [...user.units, ...parsed.units],
    ignored: user === null ? parsed.ignored : [...parsed.ignored, ...user.ignored],
    diagnostics: parsed.diagnostics,
  };
}

function parseTable(
  bytes: Uint8Array | null,
  machine: Machine,
  release: Release,
  iommu: XenCmdline['iommu'],
  dead_drhd: number | bigint | undefined,
): { rc: number | null; parsed: Omit<ParsedDmar, 'rc'> } {
  if (!iommu.enable && !iommu.intremap && release.parseWithoutIommu === 'not-called') {
    return { rc: null, parsed: NOT_PARSED };
  }
  if (bytes === null) return { rc: 1, parsed: NOT_PARSED };
  if (!iommu.enable && !iommu.intremap) return { rc: -ERRNO.EINVAL, parsed: NOT_PARSED };
  const options = {
    force_iommu: iommu.force,
    workaround_bios_bug: iommu.workaround_bios_bug,
    dead_drhd,
  };
  const parsed = parseDmar(bytes, machine, release, options);
  return { rc: parsed.rc, parsed };
}

/** Why VT-d does not come up although the table is in order (xen/drivers/passthrough/vtd/iommu.c, vtd_setup). */
function offReason(
  rc: number | null,
  parsed: Omit<ParsedDmar, 'rc'>,
  enable: boolean,
  hw_setup_rc: number,
): string | null {
  if (!enable) return "Xen's command line switches the IOMMU off.";
  if (rc === 1) return 'The machine has no DMAR table.';
  if (rc !== 0) return null;
  if (parsed.drhd_units === 0) return 'The table has no DRHD that Xen can use.';
  return hw_setup_rc === 0 ? null : 'Setting the remapping hardware up failed.';
}

const rangeOf = ({ base_pfn, end_pfn }: UserRmrr): [base: bigint, end: bigint] => [
  BigInt.asUintN(64, base_pfn * PAGE_SIZE),
  BigInt.asUintN(64, end_pfn * PAGE_SIZE + PAGE_SIZE - 1n),
];

/**
 * Adds the regions of `rmrr=` to those of the table (xen/drivers/passthrough/vtd/dmar.c,
 * add_user_rmrr). One that is refused does not touch the others.
 */
function addUserRmrrs(
  regions: readonly UserRmrr[],
  parsed: Omit<ParsedDmar, 'rc'>,
  machine: Machine,
): { units: RmrrUnit[]; ignored: IgnoredRegion[] } {
  const memoryMap = machine.memoryMap === null ? null : new MemoryMap(machine.memoryMap);
  const units: RmrrUnit[] = [];
  const ignored: IgnoredRegion[] = [];
  for (const region of regions) {
    const [base_address, end_address] = rangeOf(region);
    const { segment, devices } = region;
    const origin = { option: 'rmrr' } as const;
    const unit: RmrrUnit = { base_address, end_address, segment, devices, rmrr: null, origin };
    const refusal =
      region.dropped ??
      overlapRefusal(region, units, parsed) ??
      frameRefusal(region, memoryMap) ??
      refusalOf(unit, machine);
    if (refusal === null) {
      units.unshift(unit);
      continue;
    }
    const name = unitName(unit);
    ignored.push(
      refusal === 'no-such-device'
        ? {
            ...unit,
            reason: refusal,
            message: `${name} names only devices that are not there.`,
          }
        : { ...unit, reason: 'refused', message: `${name} is refused: ${refusal}.` },
    );
  }
  return { units, ignored };
}

/** Overlap is tested with the start of the region's last page, not with its last byte. */
function overlapRefusal(
  { base_pfn, end_pfn }: UserRmrr,
  units: readonly RmrrUnit[],
  parsed: Omit<ParsedDmar, 'rc'>,
): string | null {
  const base = base_pfn * PAGE_SIZE;
  const lastPage = end_pfn * PAGE_SIZE;
  const other =
    parsed.regions.overlapping(base, lastPage) ??
    units.find((unit) => base <= unit.end_address && unit.base_address <= lastPage);
  return other === undefined
    ? null
    : `it overlaps ${formatRange(other.base_address, other.end_address)}`;
}

function frameRefusal({ base_pfn, end_pfn }: UserRmrr, memoryMap: MemoryMap | null): string | null {
  for (let frame = base_pfn; memoryMap !== null && frame <= end_pfn; frame++) {
    if (!memoryMap.isValidFrame(frame)) {
      return `its frame ${frame.toString(16)} is none that Xen keeps account of`;
    }
  }
  return null;
}
