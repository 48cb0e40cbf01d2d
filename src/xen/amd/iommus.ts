import { IV_INFO, ivrsHeader } from '../../acpi/ivrs/header.js';
import { EFR, FEATURE_REPORTING, IVHD_TYPE, ivhd10, ivhd11 } from '../../acpi/ivrs/ivhd.js';
import { bitsOf, hasFlag } from '../../acpi/layout.js';
import { hex, hexDigits } from '../../base/hex.js';
import { formatSbdf, sbdfOf } from '../../base/sbdf.js';
import { PCI_CLASS } from '../../machine/pci-topology.js';
import type { Origin } from '../../regions/region.js';
import { ERRNO } from '../hypercall/errno.js';
import { findCapability, isOfClass, type Machine, readConfigDword } from '../machine.js';
import type { ParseFailure } from '../stop.js';
import type { TableMemory } from '../table-memory.js';
import { type Block, blockName, failAt, walkBlocks } from './blocks.js';

/** Bytes that Xen asks of an IVHD in any form, although type 10h has but 24 before its entries. */
const LEAST_LENGTH = ivhd11.fixedLength;

/** Kind of capability block that an IOMMU has, in bits 18:16 of its first dword. */
const CAPABILITY_IOMMU = 3;
/** Bit of that dword: the hardware has an Extended Feature Register. */
const CAPABILITY_EFR = 27;
const MSI_CAPABILITY = 5;

/** Levels of page tables that Xen can do, and those of hardware whose HATS field is 0. */
const MOST_LEVELS = 6;
const LEAST_HATS_LEVELS = 4;

/** The one range that an IOMMU lets pass untranslated. */
export interface Exclusion {
  readonly base: bigint;
  /** Address of the last page. */
  readonly limit: bigint;
  /** For all devices, or for those alone that have it allowed. */
  readonly all: boolean;
  /** The IVMDs it is made of, in order. */
  readonly origins: readonly Origin[];
}

/** An IOMMU that Xen found (xen/drivers/passthrough/amd/iommu.h, struct amd_iommu). */
export interface AmdIommu {
  readonly segment: number;
  /** Bus, device and function of the IOMMU itself. */
  readonly bdf: number;
  readonly capabilityOffset: number;
  /** Of its registers. */
  readonly baseAddress: bigint;
  /** Most levels of page tables; null where only the hardware could tell. */
  readonly levels: number | null;
  /** Whether it can route interrupts to x2APIC IDs (XTSup and GASup). */
  readonly xt: boolean;
  /** Its IVHD in the table. */
  readonly offset: number;
  exclusion: Exclusion | null;
}

/** What the first two walks found: the form of IVHD that is used, and the IOMMUs of that form. */
export interface FoundIommus {
  readonly ivhdType: number;
  readonly ivInfo: number;
  /** In the order of the table. */
  readonly iommus: readonly AmdIommu[];
}

/**
 * Finds the form of IVHD that Xen goes by and the IOMMUs it describes, before any device entry is read
 * (xen/drivers/passthrough/amd/pci_amd_iommu.c, acpi_ivrs_init).
 *
 * @returns a failure, for which the machine has no IOMMU
 */
export function findIommus(memory: TableMemory, machine: Machine): FoundIommus | ParseFailure {
  const type = supportedIvhdType(memory);
  if (typeof type !== 'number') return type;
  const ivInfo = memory.u32(ivrsHeader.at.ivInfo);
  const iommus: AmdIommu[] = [];
  const failure = walkBlocks(memory, (block) => {
    if (block.type !== type) return null;
    const iommu = detectIommu(memory, machine, block, ivInfo);
    if ('rc' in iommu) return iommu;
    iommus.push(iommu);
    return null;
  });
  return failure ?? { ivhdType: type, ivInfo, iommus };
}

/**
 * The highest form of IVHD that the table has and Xen knows: 11h where IVinfo has EFRSup, else 10h
 * (xen/drivers/passthrough/amd/iommu_acpi.c, get_supported_ivhd_type).
 */
function supportedIvhdType(memory: TableMemory): number | ParseFailure {
  const sum = memory.sum(memory.u32(ivrsHeader.at.length));
  if (sum !== 0) {
    return failAt(
      { offset: ivrsHeader.at.checksum, length: 1 },
      ERRNO.ENODEV,
      `The table's checksum is wrong: its bytes add up to ${sum}, not 0.`,
    );
  }
  const known: readonly number[] = hasFlag(memory.u32(ivrsHeader.at.ivInfo), IV_INFO, 'EFRSup')
    ? [IVHD_TYPE.basic, IVHD_TYPE.efr]
    : [IVHD_TYPE.basic];
  let type = 0;
  const failure = walkBlocks(memory, (block) => {
    if (known.includes(block.type)) type = Math.max(type, block.type);
    return null;
  });
  if (failure !== null) return failure;
  return type === 0
    ? failAt(
        { offset: ivrsHeader.fixedLength, length: 0 },
        ERRNO.ENODEV,
        `The table has no IVHD of a form that Xen uses (${known.map((form) => `${hexDigits(form)}h`).join(' or ')}).`,
      )
    : type;
}

/** One IVHD (xen/drivers/passthrough/amd/iommu_detect.c, amd_iommu_detect_one_acpi). */
function detectIommu(
  memory: TableMemory,
  machine: Machine,
  block: Block,
  ivInfo: number,
): AmdIommu | ParseFailure {
  const { offset, length, type, deviceId: bdf } = block;
  const fail = (message: string) =>
    failAt(block, ERRNO.ENODEV, `The ${blockName(block)} ${message}.`);
  if (length < LEAST_LENGTH) {
    return fail(`has ${length} bytes, and Xen asks for ${LEAST_LENGTH}`);
  }
  const capabilityOffset = memory.u16(offset + ivhd11.at.capabilityOffset);
  const baseAddress = memory.u64(offset + ivhd11.at.baseAddress);
  if (bdf === 0) return fail('has the device ID 0');
  if (capabilityOffset === 0) return fail('has the capability offset 0');
  if (baseAddress === 0n) return fail('has the base address 0');
  const segment = memory.u16(offset + ivhd11.at.segment);
  const sbdf = sbdfOf(segment, bdf);
  const capability = readConfigDword(machine, sbdf, capabilityOffset);
  const isIommu =
    capability === null
      ? isOfClass(machine, sbdf, PCI_CLASS.iommu) !== false
      : ((capability >>> 16) & 7) === CAPABILITY_IOMMU;
  if (!isIommu) {
    return fail(
      `names ${formatSbdf(sbdf)} with a capability at offset ${hex(capabilityOffset)}, which is not an IOMMU there`,
    );
  }
  if (findCapability(machine, sbdf, MSI_CAPABILITY) === false) {
    return fail(`names ${formatSbdf(sbdf)}, which has no MSI capability`);
  }
  const features = { segment, bdf, capabilityOffset, baseAddress, offset, exclusion: null };
  if (type === IVHD_TYPE.efr)
    return { ...features, ...ofEfr(memory.u64(offset + ivhd11.at.efrImage)) };
  if (hasFlag(ivInfo, IV_INFO, 'EFRSup')) {
    const reporting = memory.u32(offset + ivhd10.at.featureReporting);
    return {
      ...features,
      levels: levelsOf(bitsOf(reporting, FEATURE_REPORTING, 'HATS')),
      xt:
        hasFlag(reporting, FEATURE_REPORTING, 'XTSup') &&
        hasFlag(reporting, FEATURE_REPORTING, 'GASup'),
    };
  }
  const hasRegister = capability !== null && ((capability >>> CAPABILITY_EFR) & 1) === 1;
  const register = hasRegister ? (machine.efr?.(baseAddress) ?? null) : null;
  return { ...features, ...(register === null ? { levels: null, xt: false } : ofEfr(register)) };
}

const levelsOf = (hats: number): number => Math.min(MOST_LEVELS, LEAST_HATS_LEVELS + hats);

const ofEfr = (efr: bigint): Pick<AmdIommu, 'levels' | 'xt'> => ({
  levels: levelsOf(bitsOf(efr, EFR, 'HATS')),
  xt: hasFlag(efr, EFR, 'XTSup') && hasFlag(efr, EFR, 'GASup'),
});

/** Most levels of page tables that all IOMMUs have. */
export const levelsLimit = (iommus: readonly AmdIommu[]): number =>
  Math.min(MOST_LEVELS, ...iommus.map(({ levels }) => levels ?? MOST_LEVELS));

/** The IOMMU at an address with its capability there; the first of the table where there are two. */
export const iommuAt = (
  iommus: readonly AmdIommu[],
  segment: number,
  bdf: number,
  capabilityOffset: number,
): AmdIommu | null =>
  iommus.find(
    (iommu) =>
      iommu.segment === segment && iommu.bdf === bdf && iommu.capabilityOffset === capabilityOffset,
  ) ?? null;

/**
 * Gives an IOMMU a range to let pass, or makes the one it has longer (iommu_acpi.c,
 * reserve_iommu_exclusion_range).
 *
 * @param limit address of the last page
 * @returns whether it could: a second range must touch the first and be for the same devices
 */
export function reserveExclusion(
  iommu: AmdIommu,
  base: bigint,
  limit: bigint,
  all: boolean,
  origin: Origin,
): boolean {
  const old = iommu.exclusion;
  if (old === null) {
    iommu.exclusion = { base, limit, all, origins: [origin] };
    return true;
  }
  const after = (page: bigint) => BigInt.asUintN(64, page + 4096n);
  if (after(old.limit) < base || after(limit) < old.base || old.all !== all) return false;
  iommu.exclusion = {
    base: base < old.base ? base : old.base,
    limit: limit > old.limit ? limit : old.limit,
    all,
    origins: old.origins.includes(origin) ? old.origins : [...old.origins, origin],
  };
  return true;
}
