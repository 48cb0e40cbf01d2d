import { stripVTControlCharacters } from 'node:util';

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

/** Rows up to which the library lays a table out: it takes seconds for thousands, and fails on 100,000. */
const LIBRARY_ROWS = 500;

/** Text that takes a column a character; what other text takes, colours among it, the library knows. */
const PLAIN = /^[\n -~]*$/;

/**
 * Lays rows out in columns without ruling, so that lines can be grepped and pasted. A cell may hold
 * several lines.
 *
 * @param gap blanks between columns
 */
export async function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { gap = 2, heading = (text: string) => text } = {},
): Promise<string> {
  const head = columns.map((column) => heading(column.heading));
  const isPlain = () => [head, ...rows].every((row) => row.every((cell) => PLAIN.test(cell)));
  const lines =
    rows.length > LIBRARY_ROWS || isPlain()
      ? padRows(columns, [head, ...rows], ' '.repeat(gap))
      : await layOutByLibrary(columns, head, rows, ' '.repeat(gap));
  return lines.map((line) => line.trimEnd()).join('\n');
}

async function layOutByLibrary(
  columns: readonly Column[],
  head: string[],
  rows: readonly (readonly string[])[],
  gap: string,
): Promise<string[]> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    chars: { ...NO_LINES, middle: gap },
    // Nothing is cut, but the mark is measured all the same, and a plain one is quickly.
    truncate: '>',
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head,
    colAligns: columns.map((column) => column.align ?? 'left'),
  });
  for (const row of rows) table.push([...row]);
  return table.toString().split('\n');
}

/** Columns that a line takes on the screen: colours take none. */
const widthOf = (line: string): number =>
  (PLAIN.test(line) ? line : stripVTControlCharacters(line)).length;

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

/** The same without the library, one pass over the rows; loading it takes longer than to draw most tables. */
function padRows(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  gap: string,
): string[] {
  const cells = rows.map((row) => row.map((cell) => cell.split('\n')));
  const widths = columnWidths(columns, rows);
  return cells.flatMap((row) =>
    Array.from({ length: Math.max(...row.map((cell) => cell.length)) }, (_, line) =>
      columns
        .map(({ align }, i) => {
          const text = row[i]?.[line] ?? '';
          const blanks = ' '.repeat((widths[i] as number) - widthOf(text));
          return align === 'right' ? blanks + text : text + blanks;
        })
        .join(gap),
    ),
  );
}
