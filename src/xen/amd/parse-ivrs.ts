import { IVMD_TYPE, ivmd } from '../../acpi/ivrs/ivmd.js';
import { HypervisorStop, type ParseFailure } from '../stop.js';
import type { TableMemory } from '../table-memory.js';
import { type Block, isIvmd, walkBlocks } from './blocks.js';
import { lastBdfOf } from './device-entries.js';
import type { FoundIommus } from './iommus.js';
import { parseIvhd } from './parse-ivhd.js';
import {
  memoryBlockOf,
  parseIvmd,
  regionName,
  registerMemory,
  UNITY_READ_WRITE,
} from './parse-ivmd.js';
import { ignore, type MemoryBlock, type ParseState } from './parse-state.js';

/** Memory of Xen's own that a device uses, as `dbgp=xhci` has it. */
export interface ExtraReserved {
  /** First page frame. */
  readonly start: bigint;
  /** Number of pages. */
  readonly nr: bigint;
  /** Bus, device and function of the device, on segment 0. */
  readonly bdf: number;
}

/**
 * The number of device IDs that Xen makes room for: up to the last function of the highest one that the IVHDs
 * name (xen/drivers/passthrough/amd/iommu_acpi.c, amd_iommu_get_ivrs_dev_entries).
 */
export function bdfEntriesOf(
  memory: TableMemory,
  { ivhdType }: FoundIommus,
): number | ParseFailure {
  let last = 0;
  const failure = walkBlocks(memory, (block) => {
    if (block.type !== ivhdType) return null;
    const bdf = lastBdfOf(memory, block);
    if (typeof bdf !== 'number') return bdf;
    last = Math.max(last, bdf);
    return null;
  });
  return failure ?? (last | 7) + 1;
}

/**
 * Puts devices behind IOMMUs and registers regions, in the order of the table; then those of `ivmd=`, those of
 * Xen's own, and at last asks whether the I/O APICs are there (iommu_acpi.c, parse_ivrs_table).
 *
 * @returns the first failure: nothing of the table counts then
 */
export function parseIvrs(
  state: ParseState,
  options: { ivmd: readonly MemoryBlock[]; extraReserved: readonly ExtraReserved[] },
): ParseFailure | null {
  let ivmds = 0;
  const failure = walkBlocks(state.memory, (block) => {
    if (block.type === state.found.ivhdType) return parseIvhd(state, block);
    return isIvmd(block) ? parseIvmd(state, block, ivmds++) : null;
  });
  const last =
    failure ??
    registerOptions(state, options.ivmd) ??
    registerOptions(state, extraBlocks(state, options.extraReserved)) ??
    (state.iommu.intremap ? state.ioApics.check() : null);
  if (last !== null) explainDropped(state, last);
  return last;
}

function registerOptions(state: ParseState, blocks: Iterable<MemoryBlock>): ParseFailure | null {
  for (const block of blocks) {
    const failure = registerMemory(state, block, { offset: 0, length: 0 });
    if (failure !== null) return failure;
  }
  return null;
}

/** Memory of Xen's own as IVMDs for one device each (iommu.c, iommu_get_extra_reserved_device_memory). */
function* extraBlocks(
  { release, memoryMap }: ParseState,
  regions: readonly ExtraReserved[],
): Generator<MemoryBlock> {
  if (release.amdExtraReserved === null) return;
  for (const { start, nr, bdf } of regions) {
    const address = start << 12n;
    const memoryLength = nr << 12n;
    if (
      release.amdExtraReserved === 'reserved-first' &&
      memoryMap?.reserveRam(address, address + memoryLength) === false
    ) {
      continue;
    }
    yield {
      type: IVMD_TYPE.device,
      flags: UNITY_READ_WRITE,
      deviceId: bdf,
      auxiliary: 0,
      start: address,
      memoryLength,
      origin: { option: 'dbgp' },
    };
  }
}

/** After a failure: what became of each IVMD, in the order of the table. */
export function explainDropped(
  state: Pick<ParseState, 'memory' | 'ignored'>,
  failure: ParseFailure,
): void {
  state.ignored.length = 0;
  for (const { block, region } of wholeIvmds(state)) {
    const name = regionName(region);
    if (block.offset === failure.offset) ignore(state, region, 'malformed', failure.message);
    else if (block.offset < failure.offset || failure.offset === 0) {
      ignore(state, region, 'dropped', `${name} was accepted, then dropped with the whole table.`);
    } else {
      const message = `${name} was not reached: parsing stopped at offset ${failure.offset}.`;
      ignore(state, region, 'not-reached', message);
    }
  }
}

/**
 * Where no IVMD is looked at, or none reported.
 *
 * @param why the end of a sentence that begins with the region
 */
export function ignoreAll(
  state: Pick<ParseState, 'memory' | 'ignored'>,
  reason: 'vtd-disabled' | 'never-reported',
  why: string,
): void {
  for (const { region } of wholeIvmds(state)) {
    ignore(state, region, reason, `${regionName(region)} ${why}.`);
  }
}

/** The IVMDs that have their length, up to where walking the table would end. */
function wholeIvmds(
  state: Pick<ParseState, 'memory'>,
): { readonly block: Block; readonly region: MemoryBlock }[] {
  const found: { block: Block; region: MemoryBlock }[] = [];
  let index = 0;
  try {
    walkBlocks(state.memory, (block) => {
      if (!isIvmd(block)) return null;
      const region = memoryBlockOf(state, block, index++);
      if (block.length >= ivmd.fixedLength) found.push({ block, region });
      return null;
    });
  } catch (error) {
    // Xen gave the table up before it came to the block that would have stopped it.
    if (!(error instanceof HypervisorStop)) throw error;
  }
  return found;
}
