import Table from 'cli-table3';
import stringWidth from 'string-width';

/** A column of a table. */
export interface Column {
  heading: string;
  align?: 'left' | 'right';
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
};

/** Rows that the library lays out at once: for each cell it looks at every row above for one that reaches down to it. */
const LIBRARY_ROWS = 20;

/**
 * Lays rows out in columns without ruling, so that lines can be grepped and pasted. A cell may hold
 * several lines.
 *
 * @param gap blanks between columns
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { gap = 2, heading = (text: string) => text } = {},
): string {
  const all = [columns.map((column) => heading(column.heading)), ...rows];
  const options = {
    chars: { ...NO_LINES, middle: ' '.repeat(gap) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colAligns: columns.map((column) => column.align ?? 'left'),
    colWidths: columnWidths(columns, rows),
  };
  const lines: string[] = [];
  for (let at = 0; at < all.length; at += LIBRARY_ROWS) {
    const table = new Table(options);
    for (const row of all.slice(at, at + LIBRARY_ROWS)) table.push([...row]);
    lines.push(...table.toString().split('\n'));
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** What is as wide as it is long: nearly every cell, and asking the library takes twenty times as long. */
const PLAIN_TEXT = /^[ -~]*$/;

const widthOf = (line: string): number => (PLAIN_TEXT.test(line) ? line.length : stringWidth(line));

/** What each column takes at its widest, its heading included. */
export const columnWidths = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): number[] =>
  columns.map(({ heading }, i) =>
    rows.reduce(
      (most, row) => Math.max(most, ...(row[i] ?? '').split('\n').map(widthOf)),
      widthOf(heading),
    ),
  );
