import type { Severity } from '../../acpi/diagnostic.js';
import { oneLine, printable } from '../../base/printable.js';
import { PLAIN, type Style } from './style.js';
import { wrap } from './text.js';

/** What a text is laid out for: the width to fill and the colours to use. */
export interface Page {
  readonly columns: number;
  readonly style: Style;
}

/** What colours are switched on and off with, and nothing else (ECMA-48, 8.3.117). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with the escape character
const COLOUR = /(\x1b\[(?:[12]|22|3[1-3]|39)m)/;

/** A text as it goes to a terminal or a pipe, whatever stood in the bytes that it is about. */
export const toTerminal = (text: string, { style }: Page): string =>
  style === PLAIN
    ? printable(text)
    : text
        .split(COLOUR)
        .map((part) => (COLOUR.test(part) ? part : printable(part)))
        .join('');

/** Columns of the names in {@link facts}. */
const NAME_COLUMNS = 11;

/** Facts below each other, each after its name. */
export const facts = (
  lines: readonly (readonly [name: string, text: string])[],
  { columns, style }: Page,
): string =>
  lines
    .map(
      ([name, text]) =>
        style.heading(name.padEnd(NAME_COLUMNS)) +
        wrap(oneLine(text), columns - NAME_COLUMNS, ' '.repeat(NAME_COLUMNS)),
    )
    .join('\n');

/**
 * The machine whose facts went into an answer, for {@link facts}.
 *
 * @param root the directory or archive that holds its `sys/`; null where nothing is known of it
 * @param unknown what to say then
 */
export const machineName = (root: string | null, unknown: string): string =>
  root === '/' ? 'this one' : (root ?? unknown);

/** How text of each severity is coloured. */
export const MARK: Readonly<Record<Severity, keyof Style>> = {
  error: 'bad',
  warning: 'warning',
  info: 'faint',
};

/** A list of things worth knowing, marked by how bad they are; '' where there are none. */
export function remarks(
  items: readonly { readonly severity?: Severity; readonly message: string }[],
  { columns, style }: Page,
): string {
  if (items.length === 0) return '';
  const lines = items.map(({ severity, message }) => {
    if (severity === undefined) return `- ${wrap(oneLine(message), columns - 2, '  ')}`;
    const text = wrap(`${severity}: ${oneLine(message)}`, columns - 2, '  ');
    return `- ${style[MARK[severity]](`${severity}:`)}${text.slice(severity.length + 1)}`;
  });
  return [style.heading('Notes:'), ...lines].join('\n');
}

/** What a preamble says of an IOMMU. */
export const IOMMU_STATES = { enabled: 'on', disabled: 'off', unknown: 'not known' } as const;
