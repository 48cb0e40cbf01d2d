export { formatSize } from '../../base/address.js';

/**
 * Breaks a paragraph at blanks into lines of at most `columns` characters; a longer word stays whole.
 *
 * @param indent what every line but the first begins with
 */
export function wrap(text: string, columns: number, indent = ''): string {
  if (text.length <= columns) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

/** `1 region`, `2 regions`. */
export const plural = (count: number | bigint, noun: string, nouns = `${noun}s`): string =>
  `${count} ${count === 1 || count === 1n ? noun : nouns}`;

/** A list for a sentence or a label: all of it, or the first few and how many more there are. */
export function listSome(items: readonly string[], few: number): string {
  const more = items.length - few;
  return more > 1 ? `${items.slice(0, few).join(', ')} and ${more} more` : items.join(', ');
}

/** A device's name without segment 0, which most machines have alone. */
export const shortName = (name: string): string => name.replace(/^0000:/, '');

/** Devices of a region in one short line. */
export const labelDevices = (names: readonly string[]): string =>
  listSome(names.map(shortName), 2) || 'reserved region';
