import { digitsToBytes } from '../../base/hex.js';
import { tooLarge } from '../limit.js';
import type { TextFormat } from './format.js';
import { beginsAsTable } from './hex-lines.js';

const BYTE = /0x([0-9a-f]{2})(?![0-9a-f])/gi;
/** What no two bytes of a list have between them. */
const ELSE = /[^\s,>]/;

/** An array of C, as `xxd -i` prints it: `unsigned char DMAR[] = { 0x44, 0x4d, … };`. */
export const cArray: TextFormat = {
  detect: (text) => /(?:^|\{)[\s>]*0x[0-9a-f]{2}\s*,/im.test(text),
  read(text, limit) {
    const lists = listsOf(text).map(digitsToBytes);
    const tables = lists.filter(beginsAsTable);
    if (tables.reduce((sum, { length }) => sum + length, 0) > limit) {
      throw tooLarge('The array', limit);
    }
    return {
      kind: 'table',
      form: 'hexdump',
      tables: tables.map((bytes) => ({ bytes, notes: [] })),
    };
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
