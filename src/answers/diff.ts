import { decodeTable } from '../acpi/tables.js';
import { EXIT, Failure } from '../base/failure.js';
import { type Change, diffTables, type TableBytes } from '../diff/diff.js';
import { compareGuests, type GuestChange } from '../diff/guests.js';
import { requireTable, type TableSource } from '../evidence/source.js';
import type { Release } from '../xen/releases.js';
import type { Evidence } from './evidence.js';
import { bootHypervisor, type XenOptions } from './hypervisor.js';

/** Options of the question in what two tables differ. */
export interface DiffOptions extends XenOptions {
  /** Whether to leave out what only tells tables apart: OEM fields, checksum, length. */
  readonly ignoreHeader?: boolean | undefined;
}

/** In what two tables differ, and what that means for guests. */
export interface DiffAnswer {
  readonly old: TableSource;
  readonly new: TableSource;
  readonly changes: readonly Change[];
  /** Whose behaviour the guests meet. */
  readonly release: Release;
  readonly guests: GuestChange;
  readonly notes: readonly string[];
}

/**
 * In what two tables differ.
 *
 * @throws Failure `no-table` for a kernel's log or less than a header, `different-tables`, `unknown-release`
 */
export function answerDiff(old: Evidence, now: Evidence, options: DiffOptions = {}): DiffAnswer {
  const [before, after] = [tableOf(old), tableOf(now)];
  const [kind, other] = [before.table.kind, after.table.kind];
  if (kind !== other) {
    throw new Failure(
      'different-tables',
      `${old.source.path} holds a table of kind ${kind}, but ${now.source.path} one of kind ${other}.`,
      'Compare two tables of one kind.',
      EXIT.usage,
    );
  }
  const changes = diffTables(before, after);
  const { xen, notes } = bootHypervisor(now, options);
  // The machines may run two releases; the tables are compared under one.
  const { release } = xen;
  const { xen: xenBefore } = bootHypervisor(old, { ...options, xen: release.name });
  return {
    old: requireTable(old.source),
    new: requireTable(now.source),
    changes: options.ignoreHeader ? changes.filter(({ what }) => what !== 'header') : changes,
    release,
    guests: compareGuests(xenBefore, xen),
    notes: [...old.source.notes, ...notes],
  };
}

function tableOf({ source }: Evidence): TableBytes {
  const { bytes, path, table: kind } = requireTable(source);
  const { table } = decodeTable(bytes, kind);
  if (table === null) throw new Failure('no-table', `${path} ends inside its header.`);
  return { table, bytes };
}
