import type { DiffAnswer } from '../../answers/diff.js';
import { PAGE_SIZE } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { oneLine } from '../../base/printable.js';
import type { Detail, Value } from '../../diff/details.js';
import type { Change, Place } from '../../diff/diff.js';
import type { ReservedFrames } from '../../diff/guests.js';
import type { Format } from '../basics/format.js';
import { type Page, remarks } from '../basics/page.js';
import type { Style } from '../basics/style.js';
import { type Column, renderTable } from '../basics/table.js';
import { formatSize, wrap } from '../basics/text.js';

/** Characters of a value that are shown; a run of bytes can have millions. */
const MOST_CHARACTERS = 400;
/** Blanks between columns. */
const GAP = 2;
/** Columns of a mark, and of a value at least: that of an address. */
const MARK_COLUMNS = 1;
const VALUE_COLUMNS = 18;
/** Devices of a run of frames that are named. */
const FEW_DEVICES = 4;

/** `+` is only in the new table, `-` only in the old one, `~` in both but not the same. */
type Mark = '+' | '-' | '~' | '';

const MARKS: Readonly<Record<Change['kind'], Mark>> = {
  added: '+',
  removed: '-',
  moved: '~',
  changed: '~',
  reordered: '~',
};

/** How a line is coloured by its mark. */
const PAINTS: Readonly<Record<Mark, keyof Style | null>> = {
  '+': 'added',
  '-': 'removed',
  '~': 'heading',
  '': null,
};

/** A line of the table of changes. */
interface Row {
  readonly mark: Mark;
  readonly what: string;
  readonly old: string;
  readonly new: string;
}

export const table: Format<DiffAnswer> = {
  pieces: (answer, { page }) => [renderDiff(answer, page)],
};

/** A report as text for a terminal: what changed, and what that means for guests. */
export function renderDiff(report: DiffAnswer, page: Page): string {
  const { style } = page;
  const parts = [
    `${style.removed(`--- ${oneLine(report.old.path)}`)}\n${style.added(`+++ ${oneLine(report.new.path)}`)}`,
    changesTable(report.changes, page),
    guestsPart(report, page),
    devicesPart(report, page),
    remarks(
      report.notes.map((message) => ({ message })),
      page,
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function changesTable(changes: readonly Change[], page: Page): string {
  if (changes.length === 0) return page.style.good('No difference.');
  const room = page.columns - MARK_COLUMNS - 3 * GAP;
  const value = Math.max(Math.floor(room * 0.3), VALUE_COLUMNS);
  const rows = changes.flatMap((change) => [changeRow(change), ...change.details.map(detailRow)]);
  const cells = rows.map((row) => {
    const kind = PAINTS[row.mark];
    return [
      paint(row.mark, kind, page),
      paint(fold(row.what, room - 2 * value), kind, page),
      paint(fold(row.old, value), 'removed', page),
      paint(fold(row.new, value), 'added', page),
    ];
  });
  const headings = ['', 'what', 'old', 'new'].map((heading) => ({ heading }));
  return renderTable(headings, cells, { gap: GAP, heading: page.style.faint });
}

function changeRow({ kind, subject, old, new: now }: Change): Row {
  const what = kind === 'moved' || kind === 'reordered' ? `${subject} ${kind}` : subject;
  return { mark: MARKS[kind], what, old: placeText(old), new: placeText(now) };
}

const placeText = (place: Place | null): string => (place === null ? '' : `offset ${place.offset}`);

function detailRow({ kind, field, device, old, new: now }: Detail): Row {
  // An entry of a device scope that is new or gone is told by the line itself.
  if (kind === 'added') return { mark: '+', what: `  ${now}`, old: '', new: '' };
  if (kind === 'removed') return { mark: '-', what: `  ${old}`, old: '', new: '' };
  const what = device === null ? `  ${field}` : `  ${device}: ${field}`;
  return { mark: '', what, old: valueText(old), new: valueText(now) };
}

function valueText(value: Value): string {
  const text = value === null ? 'none' : String(value);
  return text.length <= MOST_CHARACTERS
    ? text
    : `${text.slice(0, MOST_CHARACTERS)} and ${text.length - MOST_CHARACTERS} characters more`;
}

/** Breaks a text at blanks, and words that are too long anywhere; control characters become dots. */
function fold(text: string, columns: number): string {
  const [, indent = '', rest = ''] = /^( *)(.*)$/s.exec(text.replace(/[^\x20-\x7e]/g, '.')) ?? [];
  const broken = rest.replace(new RegExp(`[^ ]{${columns - indent.length}}(?=[^ ])`, 'g'), '$& ');
  return indent + wrap(broken, columns - indent.length, indent);
}

/** Colours every line of a cell for itself, since cells stand side by side. */
const paint = (text: string, kind: keyof Style | null, { style }: Page): string =>
  kind === null || text === ''
    ? text
    : text
        .split('\n')
        .map((line) => style[kind](line))
        .join('\n');

/** Devices that become blocked, or no longer are. */
function devicesPart({ devices }: DiffAnswer, { columns, style }: Page): string {
  const line = (list: DiffAnswer['devices']['blocked'], what: string) =>
    list.length === 0
      ? []
      : [
          wrap(
            `${what}: ${list.map(({ device, by }) => `${device} (${by === 'xen' ? 'Xen' : 'Linux'})`).join(', ')}`,
            columns,
          ),
        ];
  return [
    ...line(devices.blocked, 'Becomes blocked').map((text) => style.bad(text)),
    ...line(devices.unblocked, 'No longer blocked').map((text) => style.good(text)),
  ].join('\n');
}

const FRAMES_COLUMNS: readonly Column[] = [
  { heading: '' },
  { heading: '' },
  { heading: 'frames' },
  { heading: 'nr_pages', align: 'right' },
  { heading: 'size', align: 'right' },
  { heading: 'devices' },
];

function guestsPart({ guests, release }: DiffAnswer, page: Page): string {
  const { style, columns } = page;
  const { vtd, reserved, freed } = guests;
  const lines = [style.heading(`For guests on Xen ${release.name}:`)];
  if (vtd.old && !vtd.new) {
    const text = 'VT-D IS OFF with the new table: no region is reported to any guest any more.';
    lines.push(style.bad(wrap(text, columns)));
  }
  if (!vtd.old && vtd.new) {
    lines.push(
      style.good(wrap('VT-d is on with the new table; it was off with the old.', columns)),
    );
  }
  if (!vtd.old && !vtd.new) {
    lines.push(style.bad(wrap('VT-d is off with both tables: no region is reported.', columns)));
  }
  if (reserved.length + freed.length === 0) {
    lines.push(wrap('No page frame is newly reserved, and none is freed.', columns));
    return lines.join('\n');
  }
  const rows = [
    ...reserved.map((frames) => framesRow('+', 'reserved', frames, page)),
    ...freed.map((frames) => framesRow('-', 'freed', frames, page)),
  ];
  lines.push(renderTable(FRAMES_COLUMNS, rows, { gap: GAP, heading: style.faint }));
  return lines.join('\n');
}

function framesRow(mark: Mark, fate: string, frames: ReservedFrames, page: Page): string[] {
  const { start, end, devices } = frames;
  const pages = end - start;
  const more = devices.length - FEW_DEVICES;
  const named = more > 1 ? [...devices.slice(0, FEW_DEVICES), `and ${more} more`] : [...devices];
  return [
    mark,
    fate,
    `${hex(start)}-${hex(end - 1n)}`,
    String(pages),
    formatSize(pages * PAGE_SIZE),
    named.join('\n'),
  ].map((cell) => paint(cell, PAINTS[mark], page));
}
