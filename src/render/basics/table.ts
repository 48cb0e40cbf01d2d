import stringWidth from 'fast-string-width';

/** A column of a table. */
export interface Column {
  heading: string;
  align?: 'left' | 'right';
}

/**
 * Lays rows out in columns without ruling, so that lines can be grepped and pasted. A cell may hold
 * several lines.
 *
 * @param gap blanks between columns
 * @param heading how the names of the columns are coloured
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { gap = 2, heading = (text: string) => text } = {},
): string {
  const widths = columnWidths(columns, rows);
  const fitted = (text: string, i: number) => {
    const blanks = ' '.repeat((widths[i] as number) - stringWidth(text));
    return columns[i]?.align === 'right' ? blanks + text : text + blanks;
  };
  const lineOf = (texts: readonly string[]) => texts.map(fitted).join(' '.repeat(gap)).trimEnd();
  const lines = [lineOf(columns.map((column) => heading(column.heading)))];
  for (const row of rows) {
    const cells = row.map((cell) => cell.split('\n'));
    const height = Math.max(...cells.map(({ length }) => length));
    for (let i = 0; i < height; i++) lines.push(lineOf(cells.map((cell) => cell[i] ?? '')));
  }
  return lines.join('\n');
}

/** What each column takes at its widest, its heading included. */
export const columnWidths = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): number[] =>
  columns.map(({ heading }, i) =>
    rows.reduce(
      (most, row) => Math.max(most, ...(row[i] ?? '').split('\n').map((line) => stringWidth(line))),
      stringWidth(heading),
    ),
  );
