/** One line of CSV (RFC 4180, but for the line's end, which is a newline alone). */
export const csvLine = (cells: readonly (string | number | bigint)[]): string =>
  `${cells.map((cell) => quote(String(cell))).join(',')}\n`;

const quote = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
