import type { ScanSummary } from '../../answers/scan-summary.js';
import { oneLine } from '../../base/printable.js';
import { FORMAT_VERSION, type JsonObject, pathToJson } from '../basics/json.js';
import { type Page, toTerminal } from '../basics/page.js';
import { type Column, renderTable } from '../basics/table.js';
import { plural } from '../basics/text.js';
import type { Labels } from './json.js';

/** What is summed up, beside the counts. */
export interface SummaryFrame {
  /** The releases that were asked, as `--xen` takes them. */
  readonly releases: string;
  readonly labels: Labels | undefined;
}

const total = (counts: Iterable<number>): number => [...counts].reduce((sum, one) => sum + one, 0);

/** The most frequent first, then by name. */
const byCount =
  <T>(count: (one: T) => number) =>
  ([nameA, a]: [string, T], [nameB, b]: [string, T]): number =>
    count(b) - count(a) || (nameA < nameB ? -1 : 1);

const ordered = (summary: ScanSummary) => ({
  models: [...summary.models].sort(byCount(({ tables }) => tables)),
  refused: [...summary.refused].sort(byCount((tables) => tables)),
  devices: [...summary.devices].sort(byCount(({ binding, unknown }) => binding + unknown)),
  unreadable: [...summary.unreadable].sort(byCount(({ paths }) => paths)),
});

/** A summary as the JSON Schema `scan` describes it. */
export function summaryToJson(summary: ScanSummary, frame: SummaryFrame): JsonObject {
  const { models, refused, devices, unreadable } = ordered(summary);
  return {
    ...(frame.labels === undefined ? {} : { labels: frame.labels }),
    tables: summary.tables,
    hosts: summary.hosts,
    models: models.map(([, model]) => ({ ...model })),
    xen: frame.releases,
    refused: total(summary.refused.values()),
    refused_by: refused.map(([releases, tables]) => ({ releases, tables })),
    partial: summary.partial,
    devices: devices.map(([device, counts]) => ({ device, ...counts })),
    unreadable: unreadable.map(([code, { paths, first }]) => ({
      code,
      paths,
      ...pathToJson(first, 'first'),
    })),
    format_version: FORMAT_VERSION,
  };
}

const COUNT: Column = { heading: 'TABLES', align: 'right' };

/** A summary for a person. */
export function summaryText(summary: ScanSummary, frame: SummaryFrame, page: Page): string {
  const { models, refused, devices, unreadable } = ordered(summary);
  const { heading } = page.style;
  const section = (
    columns: readonly Column[],
    rows: readonly (readonly string[])[],
    none: string,
  ): string =>
    rows.length === 0
      ? none
      : renderTable(
          columns,
          rows.map((row) => row.map(oneLine)),
          { heading },
        );
  const { tables, hosts, partial } = summary;
  const labels = Object.entries(frame.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const parts = [
    [
      ...(labels.length === 0 ? [] : [oneLine(labels.join(', '))]),
      `${plural(tables, 'table')}; of ${hosts} the machine is known.`,
      `Xen ${frame.releases} was asked; ${total(summary.refused.values())} refused by some of it.`,
      ...(partial === 0 ? [] : [`${partial} not whole, so that this is not told of them.`]),
    ].join('\n'),
    section(
      [COUNT, { heading: 'MODEL' }],
      models.map(([, { name, from, tables }]) => [
        String(tables),
        `${name ?? 'not known'}${from === 'table' ? ' (in the table)' : ''}`,
      ]),
      '',
    ),
    section(
      [COUNT, { heading: 'REFUSED BY XEN' }],
      refused.map(([releases, tables]) => [String(tables), releases.replaceAll(',', ', ')]),
      '',
    ),
    section(
      [
        { heading: 'BINDING', align: 'right' },
        { heading: 'NOT KNOWN', align: 'right' },
        { heading: 'DEVICE WITH A REGION' },
      ],
      devices.map(([device, { binding, unknown }]) => [String(binding), String(unknown), device]),
      'No device has a region that binds it.',
    ),
    section(
      [{ heading: 'PATHS', align: 'right' }, { heading: 'NOT READ' }, { heading: 'THE FIRST' }],
      unreadable.map(([code, { paths, first }]) => [String(paths), code, first]),
      '',
    ),
  ];
  return toTerminal(`${parts.filter((part) => part !== '').join('\n\n')}\n`, page);
}
