import { decodeTable } from '../acpi/tables.js';
import { requireObject, type Shape } from '../base/arguments.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { type Change, diffTables, type TableBytes } from '../diff/diff.js';
import { compareGuests, type GuestChange } from '../diff/guests.js';
import { requireTable, type TableSource } from '../evidence/source.js';
import type { Release } from '../xen/releases.js';
import { lossNotes, missingFrom } from './completeness.js';
import { compareDevices, type DeviceChange } from './diff-devices.js';
import { EFFECTS, type Effect } from './effects.js';
import { type Evidence, requireEvidence } from './evidence.js';
import { bootHypervisor, requireListable, XEN_OPTIONS, type XenOptions } from './hypervisor.js';

/** Options of the question in what two tables differ. */
export interface DiffOptions extends XenOptions {
  /** Whether to leave out what only tells tables apart: OEM fields, checksum, length. */
  readonly ignoreHeader?: boolean | undefined;
  /** What makes the answer a no; left out: any difference. */
  readonly failOn?: readonly Effect[] | undefined;
}

/** What they must be. */
const DIFF_OPTIONS: Shape<DiffOptions> = {
  ...XEN_OPTIONS,
  ignoreHeader: 'flag?',
  failOn: 'texts?',
};

/** In what two tables differ, and what that means for guests. */
export interface DiffAnswer {
  readonly old: TableSource;
  readonly new: TableSource;
  readonly changes: readonly Change[];
  /** Whose behaviour the guests meet. */
  readonly release: Release;
  readonly guests: GuestChange;
  readonly devices: DeviceChange;
  /** The kinds of difference there are. */
  readonly effects: readonly Effect[];
  readonly notes: readonly string[];
}

/**
 * In what two tables differ.
 *
 * @throws Failure `no-table` for a kernel's log or less than a header, `different-tables`, `unknown-release`, `too-many-entries`
 */
export function answerDiff(old: Evidence, now: Evidence, options: DiffOptions = {}): DiffAnswer {
  requireEvidence(old, 'old');
  requireEvidence(now, 'now');
  requireObject(options, 'options', DIFF_OPTIONS);
  const changes = changesOf(old, now);
  const { release, guests, notes } = changeForGuests(old, now, options);
  const told = options.ignoreHeader ? changes.filter(({ what }) => what !== 'header') : changes;
  const devices = compareDevices(old, now, { ...options, xen: release.name });
  return {
    old: requireTable(old.source),
    new: requireTable(now.source),
    changes: told,
    release,
    guests,
    devices,
    effects: effectsOf(told, guests, devices),
    notes: [...new Set([...lossNotes(old.source), ...old.source.notes, ...notes])],
  };
}

/** In what the tables themselves differ. */
function changesOf(old: Evidence, now: Evidence): Change[] {
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
  return diffTables(before, after);
}

/** What guests are told otherwise, and by which release of Xen. */
function changeForGuests(old: Evidence, now: Evidence, options: DiffOptions) {
  const { xen, notes } = bootHypervisor(now, options);
  // The machines may run two releases; the tables are compared under one.
  const { release } = xen;
  const { xen: xenBefore } = bootHypervisor(old, { ...options, xen: release.name });
  requireListable(old, xenBefore);
  requireListable(now, xen);
  return { release, guests: compareGuests(xenBefore, xen), notes };
}

function effectsOf(
  changes: readonly Change[],
  { reserved, freed, vtd }: GuestChange,
  { blocked }: DeviceChange,
): Effect[] {
  const has: Readonly<Record<Effect, boolean>> = {
    reserved: reserved.length > 0,
    freed: freed.length > 0,
    vtd: vtd.old && !vtd.new,
    blocked: blocked.length > 0,
    any: changes.length > 0,
  };
  return EFFECTS.filter((effect) => has[effect]);
}

/**
 * The exit status of a comparison: no where there is a difference of a kind that is asked for, not known where a part
 * of either table is missing.
 */
export function diffStatus(
  { effects, old, new: now }: DiffAnswer,
  { failOn = ['any'] }: DiffOptions,
): ExitStatus {
  if ([old, now].some((source) => missingFrom(source) !== null)) return EXIT.noTable;
  return effects.some((effect) => failOn.includes(effect)) ? EXIT.no : EXIT.fine;
}

function tableOf({ source }: Evidence): TableBytes {
  const { bytes, path, table: kind } = requireTable(source);
  const { table } = decodeTable(bytes, kind);
  if (table === null) throw new Failure('no-table', `${path} ends inside its header.`);
  return { table, bytes };
}
