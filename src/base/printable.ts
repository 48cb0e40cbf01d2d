/** Control characters but tabs and line feeds: a terminal would obey them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Text of a stranger's that may go to a terminal: with a question mark for each control character. */
export const printable = (text: string): string => text.replace(CONTROL, '?');
