import { byteSum } from '../acpi/sdt.js';
import { encodeTable, type Table } from '../acpi/tables.js';
import type { Sbdf } from '../base/sbdf.js';

/** A region that is to be reserved. */
export interface NewRegion {
  readonly base: bigint;
  /** Last byte, inclusive. */
  readonly limit: bigint;
  /** All of one segment. */
  readonly devices: readonly Sbdf[];
}

/** What is to change in a table, each by what it means. */
export interface Edits {
  /** Regions to leave out, each named by any address in it. */
  readonly dropRegions?: readonly bigint[] | undefined;
  /** Devices to take out of every region. */
  readonly dropDevices?: readonly Sbdf[] | undefined;
  readonly addRegions?: readonly NewRegion[] | undefined;
  /** Whether to mend what is plainly wrong: regions that do not begin or end with a page. */
  readonly fix?: boolean | undefined;
  /** Whether overlapping regions become one; it is then a region of the devices of both. */
  readonly join?: boolean | undefined;
}

/** Something that was changed. */
export interface TableEdit {
  readonly action: 'drop-region' | 'drop-device' | 'add-region' | 'align-region' | 'join-regions';
  /** The region as it was, or as it was added. */
  readonly base: bigint;
  readonly limit: bigint;
  /** Place among the RMRRs or IVMDs of the table before; null for a new one. */
  readonly index: number | null;
  /** The devices it concerns: those named by the region, or the ones taken out. */
  readonly devices: readonly Sbdf[];
}

/** A changed table, and what was changed. */
export interface EditedTable<T extends Table = Table> {
  readonly table: T;
  readonly edits: readonly TableEdit[];
  /** Wishes that match nothing in the table. */
  readonly unmatched: { readonly regions: readonly bigint[]; readonly devices: readonly Sbdf[] };
  /** Whether regions overlap and were not joined. */
  readonly overlaps: boolean;
}

/** The highest OEM revision there is; Linux takes no table in its place. */
export const HIGHEST_REVISION = 0xffff_ffff;

/**
 * The bytes of a table to load in place of another: under the firmware's name for it, with the next OEM revision,
 * which Linux asks for (drivers/acpi/tables.c), its length and checksum right.
 */
export function loadableTable(table: Table): Uint8Array {
  const { header } = table;
  const oemRevision = Math.min(header.oemRevision + 1, HIGHEST_REVISION);
  const loadable = {
    ...table,
    header: { ...header, signature: table.kind, oemRevision, checksum: 0 },
  };
  const { length } = encodeTable(loadable);
  const bytes = encodeTable({ ...loadable, header: { ...loadable.header, length } });
  bytes[CHECKSUM_OFFSET] = -byteSum(bytes) & 0xff;
  return bytes;
}

/** Where the checksum stands (ACPI specification, "System Description Table Header"). */
const CHECKSUM_OFFSET = 9;
