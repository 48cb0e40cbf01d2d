import type { Log, Loss } from '../logs/log.js';
import type { TableForm } from '../source.js';
import type { Text } from '../text.js';
import type { Tree } from '../tree.js';

/** An ACPI table as it was written down. */
export interface WrittenTable {
  /** The table from its signature on. */
  bytes: Uint8Array;
  /** What is odd about how it was written down, each a sentence. */
  notes: string[];
  /** What of the table is not there. */
  losses: Loss[];
}

/** ACPI tables, in the order they were written down. */
export interface TableContent {
  kind: 'table';
  form: TableForm;
  /** Whether all that was read is one table, byte for byte. */
  verbatim: boolean;
  tables: WrittenTable[];
  /** What the text says beside them; null for nothing. */
  log: Log | null;
}

/** What programs printed of a machine, without its table. */
export interface LogContent {
  kind: Log['kind'];
  log: Log;
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

/** A way of writing tables as text. */
export interface TextFormat {
  readonly form: TableForm;
  /**
   * The tables that are written so; never throws on what the text says, but for its size. Time grows with the text.
   *
   * @param limit bytes of a table that a text may stand for
   * @throws Failure `too-large`
   */
  read(text: Text, limit: number): WrittenTable[];
}
