import { hexDigits } from '../../base/hex.js';
import { formatSbdf, sbdfOf } from '../../base/sbdf.js';
import { ERRNO } from '../hypercall/errno.js';
import { HypervisorStop, type ParseFailure } from '../stop.js';
import type { TableMemory } from '../table-memory.js';

/** Offsets of the table's header, in bytes (AMD I/O virtualization specification, "IVRS Header"). */
export const IVRS = { length: 4, ivInfo: 36, fixedLength: 48 } as const;

/** Offsets of a block, in bytes from its start (as above, "IVHD" and "IVMD" blocks). */
const BLOCK = { type: 0, flags: 1, length: 2, deviceId: 4, fixedLength: 6 } as const;

/** Types of IVHD blocks that Xen may choose; it never uses the third, 40h. */
export const IVHD_10H = 0x10;
export const IVHD_11H = 0x11;

/** A block by where it lies and what its first bytes say. */
export interface Block {
  readonly type: number;
  readonly flags: number;
  readonly deviceId: number;
  readonly offset: number;
  /** Bytes, header included, as the block itself claims. */
  readonly length: number;
}

/** Types of IVMD blocks: for all devices, one, a range, all behind one IOMMU. */
const IVMD_TYPES: ReadonlySet<number> = new Set([0x20, 0x21, 0x22, 0x23]);

export const isIvmd = ({ type }: Pick<Block, 'type'>): boolean => IVMD_TYPES.has(type);

/** A block's name for a sentence: `IVMD at offset 208`. */
export function blockName({ type, offset }: Pick<Block, 'type' | 'offset'>): string {
  const name = isIvmd({ type })
    ? 'IVMD'
    : type === IVHD_10H || type === IVHD_11H || type === 0x40
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
export const blockAt = (memory: TableMemory, offset: number): Block => ({
  type: memory.u8(offset + BLOCK.type),
  flags: memory.u8(offset + BLOCK.flags),
  length: memory.u16(offset + BLOCK.length),
  deviceId: memory.u16(offset + BLOCK.deviceId),
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
  const end = memory.u32(IVRS.length);
  for (let offset: number = IVRS.fixedLength; end > offset + BLOCK.fixedLength; ) {
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
