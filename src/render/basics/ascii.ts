/** What stands for characters beyond ASCII that pictures and tables are drawn with, of the same width. */
const ASCII: Readonly<Record<string, string>> = {
  '█': '#',
  '▒': '%',
  '░': '-',
  '╳': 'X',
  '·': '.',
  '│': '|',
  '┊': ':',
  '≈': '~',
  '…': '.',
  '→': '>',
};

const DRAWN = new RegExp(`[${Object.keys(ASCII).join('')}]`, 'g');

/** A drawing for those who can be shown ASCII alone. */
export const inAscii = (text: string): string => text.replace(DRAWN, (char) => ASCII[char] ?? char);
