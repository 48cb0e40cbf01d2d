import { decodeDmar } from '../acpi/dmar/decode.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { diffTables, type TableBytes } from '../diff/dmar/diff.js';
import { compareGuests } from '../diff/dmar/guests.js';
import { requireTable } from '../evidence/source.js';
import type { DiffReport } from '../render/diff/json.js';
import type { SourceOptions } from './declarations.js';
import { eachSource, type SourceInput } from './each-source.js';
import { print, printJson } from './output.js';
import { bootFromOptions, type XenOptions } from './xen-options.js';

export interface DiffOptions extends SourceOptions, XenOptions {
  ignoreHeader?: boolean;
}

/** `dmar diff`: in what two tables differ. */
export async function run(paths: string[], options: DiffOptions): Promise<ExitStatus> {
  const inputs: SourceInput[] = [];
  const status = await eachSource(paths, options, async (input) => {
    requireTable(input.source);
    inputs.push(input);
    return EXIT.fine;
  });
  const [old, now] = inputs;
  // What could not be read has been reported.
  if (old === undefined || now === undefined) return status;
  const report = compare(old, now, options);
  await printReport(report, options);
  return report.changes.length === 0 ? EXIT.fine : EXIT.no;
}

function compare(old: SourceInput, now: SourceInput, options: DiffOptions): DiffReport {
  const [before, after] = [tableOf(old), tableOf(now)];
  const changes = diffTables(before, after);
  const { xen, notes } = bootFromOptions(after.bytes, now.host, options);
  // The machines may run two releases; the tables are compared under one.
  const { release } = xen;
  const sameXen = { ...options, xen: release.name };
  const { xen: xenBefore } = bootFromOptions(before.bytes, old.host, sameXen);
  return {
    old: requireTable(old.source),
    new: requireTable(now.source),
    changes: options.ignoreHeader ? changes.filter(({ what }) => what !== 'header') : changes,
    release,
    guests: compareGuests(xenBefore, xen),
    notes: [...old.source.notes, ...now.source.notes, ...notes],
  };
}

function tableOf({ source }: SourceInput): TableBytes {
  const { bytes, path } = requireTable(source);
  const { table } = decodeDmar(bytes);
  if (table === null) throw new Failure('no-table', `${path} ends inside its header.`);
  return { table, bytes };
}

async function printReport(report: DiffReport, options: DiffOptions): Promise<void> {
  if (options.format === 'json') {
    const { diffToJson } = await import('../render/diff/json.js');
    return printJson(await diffToJson(report));
  }
  const { renderDiff } = await import('../render/diff/table.js');
  const { pageOf } = await import('./page.js');
  return print(await renderDiff(report, await pageOf(options)));
}
