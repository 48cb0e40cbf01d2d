import { ivrsHeader } from '../../acpi/ivrs/header.js';
import { IVHD_TYPE } from '../../acpi/ivrs/ivhd.js';
import { IVMD_TYPE, ivmd } from '../../acpi/ivrs/ivmd.js';
import { hexDigits } from '../../base/hex.js';
import { formatSbdf, sbdfOf } from '../../base/sbdf.js';
import { ERRNO } from '../hypercall/errno.js';
import { HypervisorStop, type ParseFailure } from '../stop.js';
import type { TableMemory } from '../table-memory.js';

/** Bytes of a block that all types share: type, flags, length and device ID. */
const BLOCK_HEADER = 6;

/** A block by where it lies and what its first bytes say. */
export interface Block {
  readonly type: number;
  readonly flags: number;
  readonly deviceId: number;
  readonly offset: number;
  /** Bytes, header included, as the block itself claims. */
  readonly length: number;
}

const IVMD_TYPES: ReadonlySet<number> = new Set(Object.values(IVMD_TYPE));
const IVHD_TYPES: ReadonlySet<number> = new Set(Object.values(IVHD_TYPE));

export const isIvmd = ({ type }: Pick<Block, 'type'>): boolean => IVMD_TYPES.has(type);

/** A block's name for a sentence: `IVMD at offset 208`. */
export function blockName({ type, offset }: Pick<Block, 'type' | 'offset'>): string {
  const name = isIvmd({ type })
    ? 'IVMD'
    : IVHD_TYPES.has(type)
      ? `IVHD (type ${hexDigits(type, 2)}h)`
      : `block of type ${hexDigits(type, 2)}h`;
  return `${name} at offset ${offset}`;
}

/** A device ID for a sentence, as an address on segment 0. */
export const deviceName = (bdf: number): string => formatSbdf(sbdfOf(0, bdf));

/** A failure on a block, with its sentence. */
export const failAt = (
  { offset, length }: Pick<Block, 'offset' | 'length'>,
  errno: number,
  message: string,
): ParseFailure => ({ rc: -errno, offset, length, message });

/** The block that begins at an offset. */
const blockAt = (memory: TableMemory, offset: number): Block => ({
  type: memory.u8(offset + ivmd.at.type),
  flags: memory.u8(offset + ivmd.at.flags),
  length: memory.u16(offset + ivmd.at.length),
  deviceId: memory.u16(offset + ivmd.at.deviceId),
  offset,
});

/**
 * Goes from block to block as all of Xen's walks over the table do: while more than a block's header is left,
 * so that the last 6 bytes are never looked at; a block of length 0 is never noticed
 * (xen/drivers/passthrough/amd/iommu_acpi.c, the loops of get_supported_ivhd_type, detect_iommu_acpi,
 * get_last_bdf_acpi and parse_ivrs_table).
 *
 * @param visit answers null to go on
 * @returns the first failure: what a visit answered, or -ENODEV for a block that ends beyond the table
 * @throws HypervisorStop `hang` at a block of length 0
 */
export function walkBlocks(
  memory: TableMemory,
  visit: (block: Block) => ParseFailure | null,
): ParseFailure | null {
  const end = memory.u32(ivrsHeader.at.length);
  for (let offset = ivrsHeader.fixedLength; end > offset + BLOCK_HEADER; ) {
    const block = blockAt(memory, offset);
    if (end < offset + block.length) {
      return failAt(
        block,
        ERRNO.ENODEV,
        `The ${blockName(block)} claims a length of ${block.length} bytes and ends beyond the table, which has ${end}.`,
      );
    }
    const failure = visit(block);
    if (failure !== null) return failure;
    if (block.length === 0) {
      throw new HypervisorStop(
        'hang',
        `the ${blockName(block)} has a length of 0, at which Xen looks for ever`,
      );
    }
    offset += block.length;
  }
  return null;
}
