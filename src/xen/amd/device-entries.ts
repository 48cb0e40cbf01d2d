import { ENTRY, plainEntry, specialEntry } from '../../acpi/ivrs/device-entry.js';
import { IVHD_TYPE, ivhd10, ivhd11 } from '../../acpi/ivrs/ivhd.js';
import { hexDigits } from '../../base/hex.js';
import { ERRNO } from '../hypercall/errno.js';
import type { ParseFailure } from '../stop.js';
import type { TableMemory } from '../table-memory.js';
import { type Block, blockName, failAt } from './blocks.js';

/** Bytes of an IVHD before its device entries, by its form. */
const fixedLengthOf = ({ type }: Block): number =>
  (type === IVHD_TYPE.basic ? ivhd10 : ivhd11).fixedLength;

/** Bytes that must be left for an entry to be looked at. */
const ENTRY_HEADER = plainEntry.fixedLength;

/** What an entry is to Xen, and its bytes: a range's with the end that follows it. */
interface EntryKind {
  readonly kind: 'padding' | 'select' | 'range' | 'special';
  readonly length: number;
  /** Whether its devices issue requests under another's ID. */
  readonly alias?: boolean;
}

/** By type; Xen refuses any other (iommu_acpi.c, parse_ivhd_block). */
const KINDS: Readonly<Record<number, EntryKind>> = {
  [ENTRY.padding]: { kind: 'padding', length: 4 },
  [ENTRY.select]: { kind: 'select', length: 4 },
  [ENTRY.rangeStart]: { kind: 'range', length: 8 },
  [ENTRY.padding8]: { kind: 'padding', length: 8 },
  [ENTRY.aliasSelect]: { kind: 'select', length: 8, alias: true },
  [ENTRY.aliasRangeStart]: { kind: 'range', length: 12, alias: true },
  [ENTRY.extendedSelect]: { kind: 'select', length: 8 },
  [ENTRY.extendedRangeStart]: { kind: 'range', length: 12 },
  [ENTRY.special]: { kind: 'special', length: 8 },
};

/** A device entry by where it lies and what it is. */
export interface EntryAt extends EntryKind {
  readonly offset: number;
  readonly type: number;
  /** Device ID of the end that follows a range; of any other entry its own. */
  readonly lastId: number;
  /** Whether all of its bytes are within its IVHD. */
  readonly whole: boolean;
}

/** An entry's name for a sentence. */
export const entryName = ({ type, offset }: Pick<EntryAt, 'type' | 'offset'>): string =>
  `device entry of type ${hexDigits(type, 2)}h at offset ${offset}`;

/**
 * Goes through the device entries of an IVHD while at least 4 of its bytes are left.
 *
 * @param visit answers null to go on
 * @returns the first failure: what a visit answered, or -ENODEV for a type that Xen does not know
 */
export function walkEntries(
  memory: TableMemory,
  block: Block,
  visit: (entry: EntryAt) => ParseFailure | null,
): ParseFailure | null {
  const end = block.offset + block.length;
  for (let offset = block.offset + fixedLengthOf(block); end >= offset + ENTRY_HEADER; ) {
    const type = memory.u8(offset + plainEntry.at.type);
    const known = KINDS[type];
    if (known === undefined) {
      return failAt(
        { offset, length: ENTRY_HEADER },
        ERRNO.ENODEV,
        `The ${entryName({ type, offset })} in the ${blockName(block)} is of a type that Xen does not know.`,
      );
    }
    const { kind, length, alias = false } = known;
    const idAt = kind === 'range' ? offset + length - ENTRY_HEADER : offset;
    const lastId = memory.u16(idAt + plainEntry.at.deviceId);
    const failure = visit({
      kind,
      length,
      alias,
      type,
      offset,
      lastId,
      whole: end >= offset + length,
    });
    if (failure !== null) return failure;
    offset += length;
  }
  return null;
}

/**
 * The highest device ID that the IVHD's entries name, but not the source IDs of aliases (iommu_acpi.c,
 * get_last_bdf_ivhd).
 */
export function lastBdfOf(memory: TableMemory, block: Block): number | ParseFailure {
  let last = 0;
  const failure = walkEntries(memory, block, ({ kind, lastId, offset }) => {
    const id = kind === 'special' ? memory.u16(offset + specialEntry.at.sourceDeviceId) : lastId;
    if (kind !== 'padding') last = Math.max(last, id);
    return null;
  });
  return failure ?? last;
}
