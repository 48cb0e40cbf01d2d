import type { TextFormat } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

const PLAIN: HexDialect = {
  line: /^[ \t>]{0,80}(?:(?<offset>[0-9a-f]{6,16})(?: {1,8}(?<hex>[0-9a-f]{4}(?: {1,4}[0-9a-f]{4}){0,127}|[0-9a-f]{8}(?: {1,2}[0-9a-f]{8}){0,63})(?=[ \t]{0,80}$)|[ \t]{0,80}$)|(?<star>\*)$)/i,
  anyRadix: true,
  words: true,
};

/** Words of four bytes, right-aligned in their places, after a colon. */
const COLON: HexDialect = {
  line: /^[ \t>]{0,80}(?:(?<offset>[0-9a-f]{8,16}):(?<hex>(?: [0-9a-f ]{8}){1,4})(?=\s|$)|(?<star>\*)$)/i,
  words: true,
};

/**
 * A hex dump of words, as `hexdump` and `od -x` print it unless told otherwise, `0000000 4d44 5241 …`, and
 * `xxd -e`. The bytes of a word are taken as on the machines that have a DMAR table: the lowest one first.
 */
export const words: TextFormat = {
  form: 'hexdump',
  read(text, limit) {
    const plain = readHexDumps(text, PLAIN, limit);
    return plain.length > 0 ? plain : readHexDumps(text, COLON, limit);
  },
};
