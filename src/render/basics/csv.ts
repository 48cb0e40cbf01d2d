import { oneLine } from '../../base/printable.js';
import type { Aside, Format, View } from './format.js';

/** What a cell of CSV may hold; null and undefined make an empty one. */
type Cell = string | number | bigint | null | undefined;

/** What CSV makes of an answer. */
interface CsvOptions<A, R> {
  /** What there is a line for. */
  readonly rows: (answer: A) => Iterable<R>;
  /** Each column's name, and the cell of a row in it. New ones go to the end. */
  readonly columns: Readonly<Record<string, (row: R) => Cell>>;
  readonly asides?: (answer: A) => Aside[];
}

/** Answers as CSV: names of the columns, then a line for each row. */
export function csvFormat<A, R>({ rows, columns, asides }: CsvOptions<A, R>): Format<A> {
  const all = Object.keys(columns);
  const chosen = ({ columns: names }: View) => names ?? all;
  return {
    columns: all,
    heading: (view) => csvLine(chosen(view)),
    *pieces(answer, view) {
      const cells = chosen(view).map((name) => columns[name] as (row: R) => Cell);
      for (const row of rows(answer)) yield csvLine(cells.map((cell) => cell(row)));
    },
    ...(asides ? { asides } : {}),
  };
}

/** One line of CSV (RFC 4180, but for the line's end, which is a newline alone). */
const csvLine = (cells: readonly Cell[]): string =>
  `${cells.map((cell) => quote(String(cell ?? ''))).join(',')}\n`;

/** What spreadsheets take for a formula (OWASP, "CSV Injection"); a number is none. */
const FORMULA = /^[=+@\t\r-](?!\d+$)/;

function quote(cell: string): string {
  const text = FORMULA.test(cell) ? `'${oneLine(cell)}` : oneLine(cell);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
