import type { LogRegion, LogUnit, TableForm } from '../source.js';
import type { Tree } from '../tree.js';

/** An ACPI table as it was written down. */
export interface WrittenTable {
  /** The table from its signature on. */
  bytes: Uint8Array;
  /** What is odd about how it was written down, each a sentence. */
  notes: string[];
}

/** ACPI tables, in the order they were written down. */
export interface TableContent {
  kind: 'table';
  form: TableForm;
  /** Whether all that was read is one table, byte for byte. */
  verbatim?: boolean;
  tables: WrittenTable[];
}

/** What a kernel's log tells. */
export interface LogContent {
  kind: 'linux-log' | 'xen-log';
  /** Each once, in the order of the log. */
  regions: LogRegion[];
  units: LogUnit[];
  notes: string[];
}

/** What a text was read as. */
export type TextContent = TableContent | LogContent;

/** An archive of a host's files. */
export interface ArchiveContent {
  kind: 'archive';
  tree: Tree;
}

/** What was read. */
export type Content = TextContent | ArchiveContent;

/** A way of writing tables, or what is known of them, as text. */
export interface TextFormat {
  /** Whether a text looks as if some of it were written so. */
  detect(text: string): boolean;
  /**
   * Reads what is written so; never throws on what the text says, but for its size.
   *
   * @param limit bytes of a table that a text may stand for
   * @throws Failure `too-large`
   */
  read(text: string, limit: number): TextContent;
}
