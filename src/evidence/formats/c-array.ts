import { digitsToBytes } from '../../base/hex.js';
import { tooLarge } from '../limit.js';
import type { TextFormat } from './format.js';
import { beginsAsTable } from './hex-lines.js';

const BYTE = /0x([0-9a-f]{2})(?![0-9a-f])/gi;
/** What no two bytes of a list have between them. */
const ELSE = /[^\s,>]/;

/** An array of C, as `xxd -i` and `iasl -tc` print it: `unsigned char DMAR[] = { 0x44, 0x4d, … };`. */
export const cArray: TextFormat = {
  form: 'hexdump',
  read({ lines }, limit) {
    const listed = lines.filter((line) => line.includes('0x') || line.includes('0X'));
    if (listed.length === 0) return [];
    // Lines without a byte stand between two lists unless they are blank.
    const text = lines.map((line) => (line.includes('/') ? withoutComments(line) : line));
    const tables = listsOf(text.join('\n')).map(digitsToBytes).filter(beginsAsTable);
    if (tables.reduce((sum, { length }) => sum + length, 0) > limit) {
      throw tooLarge('The array', limit);
    }
    return tables.map((bytes) => ({ bytes, notes: [], losses: [] }));
  },
};

/** The digits of bytes that follow each other. */
function listsOf(text: string): string[] {
  const lists: string[] = [];
  let list: string[] = [];
  let end = 0;
  for (const { 0: token, 1: digits = '', index } of text.matchAll(BYTE)) {
    if (ELSE.test(text.slice(end, index))) {
      lists.push(list.join(''));
      list = [];
    }
    list.push(digits);
    end = index + token.length;
  }
  return [...lists, list.join('')];
}

/** A line without the comments that begin in it; one that goes on in the next line is not C as programs print it. */
function withoutComments(line: string): string {
  let text = '';
  let at = 0;
  for (;;) {
    const start = line.indexOf('/*', at);
    const end = start < 0 ? -1 : line.indexOf('*/', start + 2);
    if (end < 0) break;
    text += `${line.slice(at, start)} `;
    at = end + 2;
  }
  const rest = line.slice(at);
  const slashes = rest.indexOf('//');
  return text + (slashes < 0 ? rest : rest.slice(0, slashes));
}
