import { missingFrom } from '../../answers/completeness.js';
import type { MapAnswer } from '../../answers/map.js';
import { PAGE_SIZE } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { errnoName } from '../../xen/hypercall/errno.js';
import type { Answer } from '../../xen/hypercall/hypercall.js';
import { iommuName, type RdmMapResult } from '../../xen/rdm-map.js';
import type { ReportedRegion } from '../../xen/reported-region.js';
import { DeviceSets, explainUnresolved } from '../basics/device-sets.js';
import type { Format } from '../basics/format.js';
import { facts, IOMMU_STATES, machineName, type Page, remarks } from '../basics/page.js';
import type { Style } from '../basics/style.js';
import { type Column, columnWidths, renderTable } from '../basics/table.js';
import { formatSize, listSome, plural, wrap } from '../basics/text.js';
import { type FoldedEntries, foldEntries } from './fold.js';

/** From this width on there is room for all digits and every device. */
const WIDE = 120;

/** Frames of a 64-bit address space. */
const HIGHEST_FRAME = 1n << 52n;

/** The map as text for a terminal: what was asked of whom, the table, then what is missing and odd. */
function renderMap(input: MapAnswer, page: Page): string {
  const parts = [
    alarm(input, page),
    preamble(input, page),
    entriesTable(input, page),
    missingRegions(input.result, page),
    oddities(input, page),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

export const table: Format<MapAnswer> = {
  separator: '\n',
  pieces: (answer, { page }) => [renderMap(answer, page)],
};

const title = (text: string, columns: number, style: Style) => style.heading(wrap(text, columns));

/** What must be seen first: the hypervisor gave the table up, or does not live to be asked. */
function alarm({ result, waysOut, source, vtd }: MapAnswer, { columns, style }: Page): string {
  const { xen, stop } = result;
  const missing = missingFrom(source);
  if (missing !== null && vtd === 'unknown') {
    return missing.every(({ code }) => code === 'no-region-named')
      ? ''
      : style.bad(wrap('INCOMPLETE: not all of this evidence is there (see below).', columns));
  }
  if (stop === null && xen.failure === null) {
    const testified = source.kind !== 'table' && vtd === 'disabled' && xen.iommu_enabled;
    return testified ? style.bad(wrap('VT-D IS OFF: the log says so.', columns)) : '';
  }
  const first =
    stop === null
      ? `${iommuName(xen).toUpperCase()} IS OFF: Xen refuses this table, so no region is reported to any guest.`
      : stop.phase === 'call'
        ? 'XEN CRASHES on a machine with this table when a toolstack asks for its reserved regions.'
        : 'XEN DOES NOT BOOT on a machine with this table and these options.';
  const why =
    xen.failure !== null
      ? `${xen.failure.message} (-${errnoName(xen.failure.rc)})`
      : stop?.outcome === 'hang'
        ? `It hangs: ${stop.why}.`
        : `It stops because ${stop?.why}.`;
  const advice =
    stop?.outcome === 'panic'
      ? "Leave iommu=force (or required) out of Xen's command line to boot without an IOMMU."
      : 'Look for a firmware update; failing that, report the structure named above to the vendor.';
  return [
    style.bad(wrap(first, columns)),
    ...[why, ...helpOf(waysOut, xen.release.name), advice].map((text) => wrap(text, columns)),
  ].join('\n');
}

/** What was tried and helps. */
function helpOf(ways: MapAnswer['waysOut'], release: string): string[] {
  const { releases, options } = ways ?? { releases: [], options: [] };
  const last = releases.at(-1);
  const sentences: string[] = [];
  if (last !== undefined) {
    const names = [...releases.slice(0, -1), last.endsWith('.0') ? `${last} and later` : last];
    sentences.push(`Another Xen helps: ${listSome(names, names.length)}.`);
  }
  if (options.length > 0) {
    sentences.push(
      `Xen ${release} boots with ${options.join(' or ')} on its command line (iommu=off: without passthrough).`,
    );
  }
  return sentences.length === 0 ? [] : [sentences.join(' ')];
}

function preamble(input: MapAnswer, page: Page): string {
  const { source, header, result, host, iommu } = input;
  const { xen, abi, answer } = result;
  const oem = [header?.oemId, header?.oemTableId]
    .map((id) => (id ?? '').replace(/[^\x20-\x7e]/g, ' ').trim())
    .filter((id) => id !== '');
  const caller = abi === 'native' ? '64-bit caller (native)' : '32-bit caller (compat)';
  const vtd = `${iommuName(xen)} ${IOMMU_STATES[input.vtd]}`;
  const lines: [string, string][] = [
    ['Source', [source.path, ...oem].join(', ')],
    ['Machine', machineName(host?.root ?? null, 'unknown: every device is taken as present')],
    ['Behaviour', `Xen ${xen.release.name}, ${caller}, IOMMU ${iommu}, ${vtd}`],
    ['Hypercall', describeCall(answer)],
  ];
  return facts(lines, page);
}

function describeCall(answer: Answer | null): string {
  if (answer === null) return 'none: there is nobody to ask';
  const { rc, nr_entries, nr_entries_in } = answer;
  const outcome = rc === 0 ? 'rc 0' : `rc ${rc} (-${errnoName(rc)})`;
  return `XENMEM_reserved_device_memory_map, room for ${nr_entries_in}: ${outcome}, nr_entries ${nr_entries}`;
}

const COLUMNS: readonly Column[] = [
  { heading: 'start_pfn', align: 'right' },
  { heading: 'end_pfn', align: 'right' },
  { heading: 'nr_pages', align: 'right' },
  { heading: 'guest-physical range' },
  { heading: 'size', align: 'right' },
  { heading: 'devices' },
  { heading: 'RMRR' },
];

/** AMD's driver has an entry for each device of a region: equal ones are one line. */
const AMD_COLUMNS: readonly Column[] = [
  ...COLUMNS.slice(0, -1).filter(({ heading }) => heading !== 'end_pfn'),
  { heading: 'IVMD' },
  { heading: 'entries', align: 'right' },
];

/** What an error of the hypercall means to its caller. */
const ERROR_MEANING: Readonly<Record<string, string>> = {
  ENOBUFS: 'the buffer has too little room; nr_entries tells how much is needed',
  ERANGE: "a frame number or a count does not fit the 32-bit caller's entries",
};

function failedCall({ rc }: Answer): string {
  const name = errnoName(rc) ?? String(rc);
  const meaning = ERROR_MEANING[name];
  return `The hypercall failed with -${name}${meaning === undefined ? '' : `: ${meaning}`}.`;
}

function entriesTable({ result, source }: MapAnswer, { columns, style }: Page): string {
  const { xen, answer } = result;
  if (answer === null) return '';
  const failure = answer.rc === 0 ? [] : [style.bad(wrap(failedCall(answer), columns))];
  if (answer.entries.length > 0) {
    const wide = columns >= WIDE;
    const gap = wide ? 2 : 1;
    const isAmd = xen.driver === 'amd';
    const cells = isAmd ? AMD_COLUMNS : COLUMNS;
    const sets = new DeviceSets(isAmd ? [] : answer.entries.map(({ unit }) => namesOf(unit)));
    const rows = isAmd
      ? foldEntries(answer.entries).map((entries) => foldedRow(entries, wide))
      : answer.entries.map((entry) => entryRow(entry, sets, wide));
    fitRows(cells, rows, columns - gap * (cells.length - 1));
    const table = renderTable(cells, rows, { gap, heading: style.heading });
    const legend = sets.legend({ columns, style });
    return [...failure, table, ...(legend === '' ? [] : [legend])].join('\n\n');
  }
  if (failure.length > 0) return failure.join('');
  if (missingFrom(source) !== null) {
    return wrap('No region can be read from this evidence.', columns);
  }
  const empty = !xen.iommu_enabled
    ? `The map is empty: with ${iommuName(xen)} off no region is reported.`
    : xen.ops_missing
      ? `The map is empty: Xen ${xen.release.name} reports no regions on AMD machines; 4.16 and later do.`
      : 'No guest frame is taken: the map is empty.';
  return wrap(empty, columns);
}

function entryRow(
  { start_pfn, nr_pages, unit }: Answer['entries'][number],
  sets: DeviceSets,
  wide: boolean,
): string[] {
  return [
    hex(start_pfn),
    ...describePages(start_pfn, nr_pages, wide ? 16 : 0),
    sets.cell(namesOf(unit), wide),
    placeOf(unit, wide),
  ];
}

function foldedRow(
  { start_pfn, nr_pages, unit, count, devices }: FoldedEntries,
  wide: boolean,
): string[] {
  // The last frame is left out, so that a region has one line on a terminal of 80 columns too.
  const [, ...pages] = describePages(start_pfn, nr_pages, 0);
  return [
    hex(start_pfn),
    ...pages,
    devices === null ? 'all devices' : listRuns(devices, wide),
    originOf(unit),
    String(count),
  ];
}

/** Device IDs in one line: where there is no room for all runs, from the first to the last. Segment 0 is all there is. */
function listRuns(runs: readonly string[], wide: boolean): string {
  const short = runs.map((run) => run.replaceAll('0000:', ''));
  if (short.length < 2 || (wide && short.length <= FEW_RUNS)) return short.join(', ');
  const [first = ''] = (short[0] ?? '').split('-');
  return `${first}..${(short.at(-1) ?? '').split('-').at(-1)}`;
}
const namesOf = ({ devices }: ReportedRegion): string[] => devices.map(({ name }) => name);

/** Runs of device IDs up to which all are listed where there is room. */
const FEW_RUNS = 4;

/** Where a region of AMD's stands written; a question of Xen's stands nowhere. */
function originOf({ origin }: ReportedRegion): string {
  if (origin === null) return '-';
  if ('option' in origin) return `${origin.option}=`;
  return `#${'table' in origin ? origin.index : origin.line}`;
}

const place = (columns: readonly Column[], name: string) =>
  columns.findIndex(({ heading }) => heading === name);

/** Continues cells on the next line where the columns would not fit otherwise: paths over bridges, then ranges. */
function fitRows(columns: readonly Column[], rows: string[][], room: number): void {
  const excess = (widths: readonly number[]) => widths.reduce((sum, width) => sum + width, -room);
  const [range, devices] = [place(columns, 'guest-physical range'), place(columns, 'devices')];
  const widths = columnWidths(columns, rows);
  const over = excess(widths);
  if (over <= 0) return;
  const forDevices = (widths[devices] ?? 0) - over;
  breakCells(rows, devices, (cell) =>
    cell
      .split('\n')
      .map((path) => breakPath(path, forDevices))
      .join('\n'),
  );
  if (excess(columnWidths(columns, rows)) > 0) {
    breakCells(rows, range, (cell) => cell.replace('-', '-\n'));
  }
}

function breakCells(rows: string[][], column: number, broken: (cell: string) => string): void {
  for (const row of rows) row[column] = broken(row[column] ?? '');
}

/** A path in lines of at most `room` columns, cut in front of its hops. */
function breakPath(path: string, room: number): string {
  const lines: string[] = [];
  for (const hop of path.split(/(?=\/)/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + hop.length > room) lines.push(hop);
    else lines[lines.length - 1] = last + hop;
  }
  return lines.join('\n');
}

/** end_pfn, nr_pages, the range and its size; a count that wrapped at 64 bits has no range. */
function describePages(start_pfn: bigint, nr_pages: bigint, digits: number): string[] {
  const end = start_pfn + nr_pages;
  if (nr_pages === 0n || end > HIGHEST_FRAME) {
    return ['-', String(nr_pages), nr_pages === 0n ? 'none' : 'wraps past 2^64', '-'];
  }
  const address = (value: bigint) => hex(value, digits);
  const range = `${address(start_pfn * PAGE_SIZE)}-${address(end * PAGE_SIZE - 1n)}`;
  return [hex(end - 1n), String(nr_pages), range, formatSize(nr_pages * PAGE_SIZE)];
}

function placeOf({ rmrr }: ReportedRegion, wide: boolean): string {
  if (rmrr === null) return 'rmrr=';
  const { index, offset } = rmrr;
  return wide && offset !== null ? `#${index} at offset ${offset}` : `#${index}`;
}

function missingRegions({ missing }: RdmMapResult, { columns, style }: Page): string {
  if (missing.length === 0) return '';
  const heading = `Not in the map (${plural(missing.length, 'region')}):`;
  return [
    title(heading, columns, style),
    ...missing.map(({ message }) => `- ${wrap(message, columns - 2, '  ')}`),
  ].join('\n');
}

/** All that is odd but for what the alarm at the top says already. */
function oddities({ result, diagnostics, notes }: MapAnswer, page: Page): string {
  const alarmed = result.xen.failure !== null || result.stop !== null;
  const said = new Set(['scope-path-unresolved']);
  if (alarmed) {
    for (const code of ['table-refused', 'bug', 'panic', 'hang']) said.add(`xen-${code}`);
  }
  const all = [...notes, ...unresolvedPaths(result)].map((message) => ({ message }));
  return remarks([...all, ...diagnostics.filter(({ code }) => !said.has(code))], page);
}

/** Devices whose buses depend on how the machine numbered them. */
function unresolvedPaths({ answer }: RdmMapResult): string[] {
  const devices = (answer?.entries ?? []).flatMap(({ unit }) => unit.devices);
  const said = explainUnresolved(devices.filter(({ bdf }) => bdf === null).map(({ name }) => name));
  return said === null ? [] : [said];
}
