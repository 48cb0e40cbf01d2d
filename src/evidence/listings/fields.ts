import type { Sbdf } from '../../base/sbdf.js';
import type { Text } from '../text.js';
import { addRegion, type Listed } from './listing.js';

/** What a line of a listing, field by field, means; numbers as they are written. */
export type FieldLine =
  | { readonly structure: 'DRHD' | 'RMRR' | 'other' }
  /** A device scope entry begins. */
  | { readonly scope: true }
  | {
      readonly field: 'segment' | 'base' | 'limit' | 'unit' | 'flags' | 'bus';
      readonly value: bigint;
    }
  /** Device and function of the hops of a device scope's path, all or the next. */
  | { readonly hops: readonly (readonly [number, number])[] };

/** A structure that comes in field by field. */
interface Structure {
  readonly kind: 'DRHD' | 'RMRR' | 'other';
  readonly line: number;
  segment: number;
  base: bigint | null;
  limit: bigint | null;
  unit: bigint | null;
  flags: number;
  bus: number;
  hops: (readonly [number, number])[];
  readonly devices: Sbdf[];
  /** Device scopes whose path crosses a bridge, so that its end is not known. */
  unresolved: number;
}

/**
 * Reads regions and units from a listing that names structures and their fields line by line.
 *
 * @param meaningOf what a line means; null for one that says nothing of these
 */
export function readFields(
  { lines, numbers }: Text,
  into: Listed,
  meaningOf: (line: string) => FieldLine | null,
): void {
  let structure: Structure | null = null;
  const finish = () => {
    if (structure !== null) endScope(structure);
    if (structure?.kind === 'RMRR' && structure.base !== null && structure.limit !== null) {
      const { base, limit, devices, line, unresolved } = structure;
      addRegion(into, base, limit, devices.length > 0 && unresolved === 0 ? devices : null, line);
    } else if (structure?.kind === 'DRHD' && structure.unit !== null) {
      into.units.push({ base: structure.unit, flags: structure.flags });
    }
    structure = null;
  };
  for (const [i, line] of lines.entries()) {
    const meaning = meaningOf(line);
    if (meaning === null) continue;
    if ('structure' in meaning) {
      finish();
      structure = {
        ...{ kind: meaning.structure, line: numbers[i] ?? 0, segment: 0, base: null, limit: null },
        ...{ unit: null, flags: 0, bus: 0, hops: [], devices: [], unresolved: 0 },
      };
    } else if (structure !== null) takeField(structure, meaning);
  }
  finish();
}

function takeField(structure: Structure, meaning: Exclude<FieldLine, { structure: unknown }>) {
  if ('scope' in meaning) return endScope(structure);
  if ('hops' in meaning) {
    structure.hops.push(...meaning.hops);
    return;
  }
  const { field, value } = meaning;
  if (field === 'base' || field === 'limit' || field === 'unit') structure[field] = value;
  else structure[field] = Number(value & 0xffffn);
}

/** Takes the device of a scope whose path has one hop; where a longer one leads, only the machine knows. */
function endScope(structure: Structure): void {
  const { hops, segment, bus, devices } = structure;
  structure.hops = [];
  const [only] = hops;
  if (only === undefined) return;
  if (hops.length > 1) structure.unresolved++;
  else devices.push({ segment, bus, device: only[0], func: only[1] });
}
