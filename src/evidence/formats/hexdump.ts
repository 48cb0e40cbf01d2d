import type { TextFormat } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

const DIALECT: HexDialect = {
  line: /^[ \t>]*(?:(?<offset>[0-9a-f]{6,16})(?: {1,3}(?<hex>[0-9a-f]{2}(?: {1,2}[0-9a-f]{2}){0,255})(?=\s|$)|[ \t\r]*$)|(?<star>\*)\r?$)/gim,
  anyRadix: true,
};

/**
 * A hex dump of single bytes as `hexdump -C` or `od -tx1` prints it: `00000010  44 4d 41 52 …  |DMAR…|`,
 * with `*` for lines that repeat the one before.
 */
export const hexdump: TextFormat = {
  detect: (text) => /^[ \t>]*[0-9a-f]{6,16} {1,3}[0-9a-f]{2}(?=\s|$)/im.test(text),
  read: (text, limit) => ({
    kind: 'table',
    form: 'hexdump',
    tables: readHexDumps(text, DIALECT, limit),
  }),
};
