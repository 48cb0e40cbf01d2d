import type { TableStructure } from '../acpi/table-layout.js';
import { hex } from '../base/hex.js';
import type { Remark } from './rule.js';

/** An inclusive range of addresses for sentences. */
export const range = (first: bigint, last: bigint): string => `${hex(first)}-${hex(last)}`;

/** `RMRR at offset 96`. */
export const called = (structure: TableStructure): string =>
  `${structure.name === 'unknown' ? `structure of type ${structure.type}` : structure.name} at offset ${structure.offset}`;

/** Joins names for a sentence, at most six of them: `a, b and 3 more`. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 6);
  const more = names.length - shown.length;
  const last = more > 0 ? `${more} more` : (shown.pop() ?? 'none');
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

/** Things that have a place in the table. */
interface Placed {
  readonly offset: number;
  readonly length: number;
}

/** A remark about a whole structure or device scope entry. */
export const about = ({ offset, length }: Placed, message: string): Remark => ({
  offset,
  length,
  message,
});

/** A remark about `length` bytes of a structure or device scope entry from `at` on. */
export const aboutField = (
  { offset }: Pick<Placed, 'offset'>,
  at: number,
  length: number,
  message: string,
): Remark => ({ offset: offset + at, length, message });
