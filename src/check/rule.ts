import type { Severity } from '../acpi/diagnostic.js';
import type { Subject } from './dmar/subject.js';

/** Whom a finding concerns. */
export interface Consequence {
  readonly who: 'specification' | 'ACPI' | 'Linux' | 'Xen' | 'fwts';
  /** First release concerned, e.g. `4.19`; without it, all up to {@link until}. */
  readonly since?: string;
  /** Last release concerned; without it, the newest known too. */
  readonly until?: string;
  /** What happens there, as a clause or sentence. */
  readonly effect: string;
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
}

/** A fact about the machine, without which a rule has nothing to say. */
export type HostFact = 'pci' | 'memoryMap' | 'ioApics';

/** One thing that may be wrong with a table. */
export interface Rule {
  /**
   * Stable kebab-case identifier: what is looked at (table, structure, scope, or a structure type's
   * name), then what is wrong with it. The decoder's diagnostics carry the id of their rule as code.
   */
  readonly id: string;
  readonly severity: Severity;
  /** What is wrong, as a headline. */
  readonly title: string;
  /** Who trips over it. */
  readonly consequences: readonly Consequence[];
  /** What to do about it. */
  readonly advice: string;
  /** The fact it needs; without one, the table alone is enough. */
  readonly needs?: HostFact;
  /** Finds it; absent where decoding does, whose diagnostics have the rule's id as code. */
  readonly test?: (subject: Subject) => Iterable<Remark>;
}

/** A release range as text: `Xen 4.19 and later`, `Xen to 4.11`, `Linux`. */
export function consequenceName({ who, since, until }: Consequence): string {
  if (since !== undefined && until !== undefined) return `${who} ${since} to ${until}`;
  if (since !== undefined) return `${who} ${since} and later`;
  if (until !== undefined) return `${who} to ${until}`;
  return who;
}
