import type { Severity } from '../acpi/diagnostic.js';
import type { DecodedTable, TableStructure } from '../acpi/table-layout.js';
import type { Host } from '../machine/host.js';

/** Whom a finding concerns; `S` is the table as its rules look at it. */
export interface Consequence<S = unknown> {
  readonly who: 'specification' | 'ACPI' | 'Linux' | 'Xen' | 'fwts';
  /** First release concerned, e.g. `4.19`; without it, all up to {@link until}. */
  readonly since?: string;
  /** Last release concerned; without it, the newest known too. */
  readonly until?: string;
  /** What happens there, as a clause or sentence. */
  readonly effect: string;
  /** Whether it happens with this table on this machine; left out: wherever the rule finds something. */
  holds?(subject: S): boolean;
  /** Whether it can make Xen run without VT-d, or not at all. */
  readonly turnsOffIommu?: true;
}

/** What a rule's test says about a run of the table's bytes. */
export interface Remark {
  /** First byte concerned, counted from the start of the table. */
  readonly offset: number;
  /** Number of bytes concerned. */
  readonly length: number;
  /** One sentence with the values that matter and the byte offset. */
  readonly message: string;
  /** All devices of the list that the message ends with, where it has one; the message may leave some out. */
  readonly devices?: readonly string[];
  /** Where it is not the rule's own. */
  readonly severity?: Severity;
}

/** What a rule says of a table, or of one part of it. */
export type Remarks = Remark | Iterable<Remark> | undefined;

/**
 * A rule's look at one part of a table after the other: rules that need no more than one part at a time leave the going
 * through to {@link checkTable}, which does it once for all of them. `S` is the table as its rules look at it.
 */
export type Inspection<S = unknown> =
  | {
      readonly part: 'structure';
      /** Names of the structures to look at; null for all. */
      readonly names: readonly string[] | null;
      look(structure: TableStructure, subject: S): Remarks;
    }
  | {
      /** An entry of a structure's list. */
      readonly part: 'entry';
      look(entry: object, structure: TableStructure, subject: S): Remarks;
    };

/** A fact about the machine, without which a rule has nothing to say. */
export type HostFact = 'pci' | 'memoryMap' | 'ioApics';

/** What of a host the rules look at. */
export type HostFacts = Pick<Host, HostFact>;

/** Where nothing is known of the machine a table came from. */
export const NO_HOST: HostFacts = { pci: null, memoryMap: null, ioApics: null };

/** One thing that may be wrong with a table; `S` is the table as its rules look at it. */
export interface Rule<S = unknown> {
  /**
   * Stable kebab-case identifier: what is looked at (table, structure, scope, or a structure type's
   * name; all but DMAR's begin with the table's), then what is wrong with it. The decoder's diagnostics carry the
   * id of their rule as code.
   */
  readonly id: string;
  readonly severity: Severity;
  /** What is wrong, as a headline. */
  readonly title: string;
  /** Who is affected, and how. */
  readonly consequences: readonly Consequence<S>[];
  /** What to do about it. */
  readonly advice: string;
  /** The fact it needs; without one, the table alone is enough. */
  readonly needs?: HostFact;
  /** Finds it in single parts of the table. */
  readonly each?: Inspection<S>;
  /** Finds it in the table as a whole. Where neither does, decoding does: its diagnostics have the rule's id as code. */
  test?(subject: S): Remarks;
}

/** The rules of a table, from the table as a whole to what only its machine can tell. */
export interface RuleSet<T extends DecodedTable = DecodedTable, S = unknown> {
  readonly rules: readonly Rule<S>[];
  /** The table as its rules look at it, beside what is known of its machine. */
  subjectOf(table: T, host: HostFacts): S;
  /** The entries of a structure's list that rules look at one by one. */
  entriesOf(structure: T['structures'][number]): readonly object[];
}

/** A release range as text: `Xen 4.19 and later`, `Xen to 4.11`, `Linux`. */
export function consequenceName({ who, since, until }: Consequence): string {
  if (since !== undefined && since === until) return `${who} ${since}`;
  if (since !== undefined && until !== undefined) return `${who} ${since} to ${until}`;
  if (since !== undefined) return `${who} ${since} and later`;
  if (until !== undefined) return `${who} to ${until}`;
  return who;
}
