import { IV_INFO } from '../../acpi/ivrs/header.js';
import { IVMD_FLAGS, IVMD_TYPE, ivmd } from '../../acpi/ivrs/ivmd.js';
import { bitsOf, hasFlag } from '../../acpi/layout.js';
import { formatRange } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { ERRNO } from '../hypercall/errno.js';
import { HypervisorStop, type ParseFailure } from '../stop.js';
import { type Block, blockName, deviceName, failAt } from './blocks.js';
import { type AmdIommu, iommuAt, levelsLimit, reserveExclusion } from './iommus.js';
import type { UnityMap } from './mappings.js';
import { boundsOf, ignore, type MemoryBlock, type ParseState } from './parse-state.js';

/** Flags with which every device may read and write. */
export const UNITY_READ_WRITE =
  (1 << IVMD_FLAGS.Unity) | (1 << IVMD_FLAGS.IR) | (1 << IVMD_FLAGS.IW);

const PAGE = 4096n;
const PAGE_SHIFT = 12n;
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** The region to register, once it is known which pages and how. */
interface Region {
  readonly block: MemoryBlock;
  /** Of the first page. */
  readonly base: bigint;
  /** Of the last page. */
  readonly limit: bigint;
  readonly exclusion: boolean;
  readonly map: UnityMap;
  /** Fails the table with a sentence about this region. */
  readonly fail: (errno: number, message: string) => ParseFailure;
}

/** The region of an IVMD as the table has it; its length is not looked at. */
export const memoryBlockOf = (
  { memory }: Pick<ParseState, 'memory'>,
  { type, flags, deviceId, offset }: Block,
  index: number,
): MemoryBlock => ({
  type,
  flags,
  deviceId,
  auxiliary: memory.u16(offset + ivmd.at.auxiliaryData),
  start: memory.u64(offset + ivmd.at.startAddress),
  memoryLength: memory.u64(offset + ivmd.at.memoryLength),
  origin: { table: 'IVRS', structure: 'IVMD', index, offset },
});

/** Names a region for a sentence that goes on. */
export function regionName(block: MemoryBlock): string {
  const { origin } = block;
  const { base_address, end_address } = boundsOf(block);
  const range =
    block.memoryLength === 0n
      ? `of no bytes at ${formatRange(base_address, base_address)}`
      : formatRange(base_address, end_address);
  return 'option' in origin
    ? `The region ${range} of ${origin.option}=`
    : `The ${origin.structure} at offset ${origin.offset}, ${range},`;
}

/**
 * Registers the region of an IVMD (xen/drivers/passthrough/amd/iommu_acpi.c, parse_ivmd_block).
 *
 * @param index its place among the IVMDs, from 0
 * @returns null to go on
 */
export function parseIvmd(state: ParseState, block: Block, index: number): ParseFailure | null {
  if (block.length < ivmd.fixedLength) {
    return failAt(
      block,
      ERRNO.ENODEV,
      `The ${blockName(block)} has ${block.length} bytes, less than the ${ivmd.fixedLength} it needs.`,
    );
  }
  return registerMemory(state, memoryBlockOf(state, block, index), block);
}

/**
 * Registers a region: whether the IOMMUs reach it, whether its pages are reserved, then for its devices.
 *
 * @param at what to point at where it fails
 */
export function registerMemory(
  state: ParseState,
  block: MemoryBlock,
  at: { offset: number; length: number },
): ParseFailure | null {
  const { start, memoryLength, flags } = block;
  const name = regionName(block);
  const fail = (errno: number, message: string) => failAt(at, errno, `${name} ${message}.`);
  if (!isAddressable(state, block, name)) return null;
  const base = start & ~(PAGE - 1n);
  const limit = u64(start + memoryLength - 1n) & ~(PAGE - 1n);
  const page = state.memoryMap?.firstUnreservable(
    base >> PAGE_SHIFT,
    limit >> PAGE_SHIFT,
    state.release.ivmdMemoryTest,
  );
  if (page != null) {
    const why =
      state.release.ivmdMemoryTest === 'inverted'
        ? 'which this release accepts only in RAM, or where all of the region is reserved'
        : 'which is not reserved in the memory map';
    return fail(
      ERRNO.EIO,
      `has the page ${formatRange(page << PAGE_SHIFT, (page << PAGE_SHIFT) + PAGE - 1n)}, ${why}`,
    );
  }
  const exclusion = hasFlag(flags, IVMD_FLAGS, 'ExclusionRange');
  if (!exclusion && !hasFlag(flags, IVMD_FLAGS, 'Unity')) {
    return fail(ERRNO.ENODEV, 'is flagged neither unity nor exclusion range');
  }
  const map: UnityMap = {
    base,
    length: u64(limit + PAGE - base),
    // Xen exchanges the two.
    read: exclusion || hasFlag(flags, IVMD_FLAGS, 'IW'),
    write: exclusion || hasFlag(flags, IVMD_FLAGS, 'IR'),
    global: block.type === IVMD_TYPE.all,
    origin: block.origin,
  };
  const region: Region = { block, base, limit, exclusion, map, fail };
  const ignoredBefore = state.ignored.length;
  const failure = registerForDevices(state, region);
  if (failure === null && state.ignored.length === ignoredBefore) state.registered.push(block);
  return failure;
}

/** Registers a region for the devices that it is for. */
function registerForDevices(state: ParseState, region: Region): ParseFailure | null {
  const { block, fail } = region;
  switch (block.type) {
    case IVMD_TYPE.all:
      return registerForAll(state, region);
    case IVMD_TYPE.device:
      return registerForRange(state, region, block.deviceId, block.deviceId);
    case IVMD_TYPE.range:
      return block.auxiliary <= block.deviceId
        ? fail(
            ERRNO.ENODEV,
            block.auxiliary === block.deviceId
              ? `is for a range of one device, ${deviceName(block.deviceId)}, which Xen refuses`
              : `is for a range from ${deviceName(block.deviceId)} back to ${deviceName(block.auxiliary)}`,
          )
        : registerForRange(state, region, block.deviceId, block.auxiliary);
    default:
      return registerForIommu(state, region);
  }
}

/** Whether the region is within the address sizes of IVinfo and within what the page tables reach. */
function isAddressable(state: ParseState, block: MemoryBlock, name: string): boolean {
  const { start, memoryLength } = block;
  const { ivInfo, iommus } = state.found;
  const last = u64(start + memoryLength - 1n);
  const frames = u64(u64(start + memoryLength) + PAGE - 1n) >> PAGE_SHIFT;
  if (frames === 0n) {
    throw new HypervisorStop('bug', `${name} comes to an end at page 0, on which Xen asserts`);
  }
  const bits = Math.min(bitsOf(ivInfo, IV_INFO, 'PASize'), bitsOf(ivInfo, IV_INFO, 'VASize'));
  const levels = levelsLimit(iommus);
  const reason =
    frames > 1n << BigInt(9 * levels)
      ? `needs more levels of page tables than the ${levels} there are`
      : bits < 64 && last >> BigInt(bits) !== 0n
        ? `is beyond the ${bits} address bits that IVinfo gives`
        : null;
  if (reason === null) return true;
  ignore(state, block, 'not-addressable', `${name} ${reason}, so Xen ignores it.`);
  return false;
}

/** For all devices (register_range_for_all_devices). */
function registerForAll(state: ParseState, region: Region): ParseFailure | null {
  const { base, limit, exclusion, map, fail } = region;
  if (exclusion) {
    const refused = state.found.iommus.filter(
      (iommu) => !reserveExclusion(iommu, base, limit, true, map.origin),
    );
    if (refused.length === 0) return null;
  }
  if (state.mappings === null) {
    throw new HypervisorStop(
      'bug',
      `${regionName(region.block)} is for all devices of segment 0, on which there is no IOMMU`,
    );
  }
  const conflict = state.mappings.addUnityMap(0, state.bdfEntries - 1, map);
  return conflict === null ? null : fail(ERRNO.EPERM, conflictOf(conflict));
}

const conflictOf = (other: string): string =>
  `overlaps ${other} of a device that both are for, without being the same`;

/** For the devices from `first` to `last`, inclusive (register_range_for_device). */
function registerForRange(
  state: ParseState,
  region: Region,
  first: number,
  last: number,
): ParseFailure | null {
  const { mappings, bdfEntries, release } = state;
  const { block, base, limit, exclusion, map, fail } = region;
  for (const id of [first, last]) {
    if (id >= bdfEntries) {
      return fail(
        ERRNO.ENODEV,
        `is for ${deviceName(id)}, beyond ${deviceName(bdfEntries - 1)}, the last that the IVHDs name`,
      );
    }
  }
  const lost: string[] = [];
  let found = false;
  let failure: ParseFailure | null = null;
  const visit = (from: number, to: number): boolean => {
    const { iommu, requestor } = mappings?.at(from) ?? { iommu: null, requestor: null };
    if (iommu === null) {
      lost.push(from === to ? deviceName(from) : `${deviceName(from)} to ${deviceName(to)}`);
      if (release.ivmdWithoutIommu === 'ignored') return true;
      failure = fail(ERRNO.ENODEV, `is for ${lost[0]}, which no IVHD puts behind an IOMMU`);
      return false;
    }
    found = true;
    if (exclusion && reserveExclusion(iommu, base, limit, false, map.origin)) {
      mappings?.allowExclusion(from, to);
      if (requestor !== null) mappings?.allowExclusion(requestor, requestor);
      return true;
    }
    failure = addUnityMap(state, region, from, to, requestor);
    return failure === null;
  };
  if (mappings === null) visit(first, last);
  else mappings.eachRun(first, last, visit);
  if (failure === null && lost.length > 0) noteLost(state, block, lost, found);
  return failure;
}

/** Says of which devices a region is not in use; where it is of none at all, it is as if it were not there. */
function noteLost(
  state: ParseState,
  block: MemoryBlock,
  lost: readonly string[],
  inUse: boolean,
): void {
  const devices = lost.length > 4 ? [...lost.slice(0, 4), `${lost.length - 4} more`] : lost;
  const message = `${regionName(block)} is for ${devices.join(', ')}, which no IVHD puts behind an IOMMU; Xen ignores it there.`;
  if (!inUse) {
    ignore(state, block, 'no-iommu', message);
    return;
  }
  const { origin } = block;
  state.diagnostics.push({
    code: 'xen-ivmd-without-iommu',
    severity: 'warning',
    offset: 'table' in origin ? origin.offset : 0,
    length: 'table' in origin ? ivmd.fixedLength : 0,
    message,
  });
}

/** Registers a map for devices and for the device ID that their requests carry. */
function addUnityMap(
  { mappings }: ParseState,
  { map, fail }: Region,
  first: number,
  last: number,
  requestor: number | null,
): ParseFailure | null {
  const conflict =
    mappings?.addUnityMap(first, last, map) ??
    (requestor === null ? null : mappings?.addUnityMap(requestor, requestor, map)) ??
    null;
  return conflict === null ? null : fail(ERRNO.EPERM, conflictOf(conflict));
}

/** For all devices behind an IOMMU of segment 0 (register_range_for_iommu_devices). */
function registerForIommu(state: ParseState, region: Region): ParseFailure | null {
  const { mappings, found, bdfEntries } = state;
  const { block, base, limit, exclusion, map, fail } = region;
  const iommu: AmdIommu | null = iommuAt(found.iommus, 0, block.deviceId, block.auxiliary);
  if (iommu === null || mappings === null) {
    return fail(
      ERRNO.ENODEV,
      `is for the IOMMU ${deviceName(block.deviceId)} with its capability at offset ${hex(block.auxiliary)}, which no IVHD describes`,
    );
  }
  if (exclusion && reserveExclusion(iommu, base, limit, true, map.origin)) return null;
  let failure: ParseFailure | null = null;
  mappings.eachRun(0, bdfEntries - 1, (from, to, entry) => {
    if (entry.iommu === iommu) failure = addUnityMap(state, region, from, to, entry.requestor);
    return failure === null;
  });
  return failure;
}
