import type { JsonFields, TableStructure } from '../acpi/table-layout.js';
import type { KeyOf } from './match.js';

/** Memory that a structure keeps for devices of a segment. */
export interface StructureRegion {
  readonly segment: number;
  readonly base: bigint;
  /** Last byte, inclusive. */
  readonly limit: bigint;
}

/** What comparing a table's structures takes beside their layouts. */
export interface DiffForm<S extends TableStructure = TableStructure> {
  /** Keys by which a structure is the same in both tables, the surest first; null for other types. */
  readonly keys: readonly KeyOf<S>[];
  /** The region that a structure is about: two that overlap are taken for the same; null for all others. */
  regionOf(structure: S): StructureRegion | null;
  /** First byte of the registers that a structure is about; null for all others. */
  registersOf(structure: S): bigint | null;
  /** Fields whose difference another field tells already, and which that is. */
  readonly toldBy: Readonly<Record<string, string>>;
  /** Keys by which an entry of a list, as JSON has it, is the same in both structures. */
  readonly entryKeys: readonly KeyOf<JsonFields>[];
  /** What an entry is called by what it names, e.g. `PCI endpoint 0000:00:1d.0`. */
  entryName(entry: JsonFields): string;
}
