import { decodeIvrs } from '../acpi/ivrs/decode.js';
import { deviceRanges, LAST_DEVICE_ID } from '../acpi/ivrs/device-range.js';
import { ivhdsFor } from '../acpi/ivrs/forms.js';
import type { Ivhd } from '../acpi/ivrs/ivhd.js';
import { IVMD_FLAGS, IVMD_TYPE, type Ivmd } from '../acpi/ivrs/ivmd.js';
import type { IvrsTable } from '../acpi/ivrs/ivrs.js';
import { hasFlag } from '../acpi/layout.js';
import { byteSum } from '../acpi/sdt.js';
import { PAGE_SIZE } from '../base/address.js';
import { DeviceIndex, type DeviceSpan } from '../base/device-index.js';
import type { LinuxFailure } from './dmar.js';
import type { LinuxFunction, LinuxIommu, LinuxRegion } from './iommu.js';
import { amdOffSwitch, does, type LinuxKernel } from './kernel.js';

/** Of the checksum in any table, in bytes (ACPI specification, "System Description Table Header"). */
const CHECKSUM_OFFSET = 9;

/** A region that the driver maps for devices, and how they may use it. */
export interface AmdRegion extends LinuxRegion, DeviceSpan {
  /** Of the IVMD in the table, in bytes. */
  readonly offset: number;
  readonly read: boolean;
  readonly write: boolean;
}

/** Rounds up to whole pages. */
const pageUp = (bytes: bigint): bigint => ((bytes + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;

/**
 * What a kernel's driver for AMD's IOMMUs makes of an IVRS table (drivers/iommu/amd/init.c and iommu.c). It takes no
 * memory map: whether a region is reserved it does not ask.
 */
export class LinuxAmd implements LinuxIommu {
  readonly vendor = 'AMD';
  readonly failure: LinuxFailure | null;
  readonly regions: readonly AmdRegion[];
  readonly #served = new DeviceIndex<DeviceSpan>();
  /** Segments of which a unit serves any device. */
  readonly #segments = new Set<number>();
  readonly #regionsOf = new DeviceIndex<AmdRegion>();

  /**
   * @param bytes the table from its signature on
   * @param cmdline what the kernel was booted with; null where it is not known
   */
  constructor(
    bytes: Uint8Array,
    readonly kernel: LinuxKernel,
    cmdline: string | null,
  ) {
    const { table } = decodeIvrs(bytes);
    const units = table === null ? [] : ivhdsFor(table, 'Linux');
    for (const block of units) {
      for (const ids of listedBy(block, this.#segmentOf(block.segment))) {
        this.#served.add(ids, ids);
        this.#segments.add(ids.segment);
      }
    }
    this.regions = (table?.structures ?? [])
      .filter((block) => block.name === 'IVMD')
      .flatMap((block) => this.#regionOf(block));
    for (const region of this.regions) this.#regionsOf.add(region, region);
    this.failure = whyRefused(bytes, table) ?? switchedOff(cmdline);
  }

  /** Before segments were read all devices were one segment's. */
  #segmentOf(segment: number): number {
    return does(this.kernel, 'amdSegments') ? segment : 0;
  }

  /** Starts are rounded up to a page, and so are lengths (init_unity_map_range). */
  #regionOf(block: Ivmd): AmdRegion[] {
    const ids = idsOf(block);
    const excluded = hasFlag(block.flags, IVMD_FLAGS, 'ExclusionRange');
    if (ids === null || !(excluded || hasFlag(block.flags, IVMD_FLAGS, 'Unity'))) return [];
    // Older kernels program an exclusion range into the hardware, or only keep it out of use.
    if (excluded && !does(this.kernel, 'exclusionMapped')) return [];
    const base = BigInt.asUintN(64, pageUp(block.startAddress));
    const end = BigInt.asUintN(64, base + pageUp(block.memoryLength));
    const [first, last] = ids;
    return [
      {
        base,
        limit: BigInt.asUintN(64, end - 1n),
        ...{ segment: this.#segmentOf(block.segment), first, last, offset: block.offset },
        read: excluded || hasFlag(block.flags, IVMD_FLAGS, 'IR'),
        write: excluded || hasFlag(block.flags, IVMD_FLAGS, 'IW'),
      },
    ];
  }

  hasUnitOf(segment: number): boolean {
    return this.#segments.has(this.#segmentOf(segment));
  }

  /** A function that no IVHD lists gets no IOMMU group (check_device), as the IOMMU itself. */
  serves({ address }: LinuxFunction): boolean | null {
    // Segments beyond 16 bits are Linux's own.
    if (address.segment > 0xffff) return null;
    const asked = { ...address, segment: this.#segmentOf(address.segment) };
    return this.#served.at(asked).length > 0;
  }

  regionsOf({ address }: Pick<LinuxFunction, 'address'>): AmdRegion[] {
    const asked = { ...address, segment: this.#segmentOf(address.segment) };
    return this.#regionsOf.at(asked);
  }
}

/** The devices that an IVHD lists, and those whose IDs their requests carry (init_iommu_from_acpi). */
const listedBy = (block: Ivhd, segment: number): DeviceSpan[] =>
  deviceRanges(block).flatMap(({ first, last, sourceDeviceId: source }) => [
    { segment, first, last },
    ...(source === null ? [] : [{ segment, first: source, last: source }]),
  ]);

/** The device IDs that an IVMD is for, both inclusive; Linux knows no block for the devices of an IOMMU. */
function idsOf({ type, deviceId, auxiliaryData }: Ivmd): [first: number, last: number] | null {
  switch (type) {
    case IVMD_TYPE.all:
      return [0, LAST_DEVICE_ID];
    case IVMD_TYPE.device:
      return [deviceId, deviceId];
    case IVMD_TYPE.range:
      return [deviceId, auxiliaryData];
    default:
      return null;
  }
}

/** Why the whole table is of no use to the kernel; null where it is. */
function whyRefused(bytes: Uint8Array, table: IvrsTable | null): LinuxFailure | null {
  if (table === null) return { reason: 'header-truncated', hangs: false, offset: 0 };
  if (byteSum(bytes, table.header.length) !== 0) {
    return { reason: 'checksum', hangs: false, offset: CHECKSUM_OFFSET };
  }
  return ivhdsFor(table, 'Linux').length === 0
    ? { reason: 'no-unit', hangs: false, offset: 0 }
    : null;
}

function switchedOff(cmdline: string | null): LinuxFailure | null {
  return cmdline === null || amdOffSwitch(cmdline) === null
    ? null
    : { reason: 'option', hangs: false, offset: 0 };
}
