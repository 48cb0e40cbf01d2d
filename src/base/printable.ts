import { RAW_BYTE } from './path.js';

/**
 * Characters that a terminal obeys, that hide, or that turn the order of what stands beside them: controls
 * but tabs and line feeds, format characters such as U+202E, halves of surrogate pairs, line separators.
 */
const UNSEEN = /[^\P{C}\t\n\u{E000}-\u{F8FF}]|[\u2028\u2029]/gu;

function shown(character: string): string {
  const byte = (character.codePointAt(0) as number) - RAW_BYTE;
  return byte >= 0x80 && byte <= 0xff ? `\\x${byte.toString(16)}` : '?';
}

/**
 * Text of a stranger's that may go to a terminal, over several lines: with a question mark for each
 * character that is not to be seen, and `\xe9` for a byte of a path that is no character.
 */
export const printable = (text: string): string => text.replace(UNSEEN, shown);

/** The same for what must stay in one line, such as a path: with a question mark for line feeds and tabs too. */
export const oneLine = (text: string): string => printable(text).replace(/[\t\n]/g, '?');
