import type { TextFormat } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

const OFFSET = '(?<offset>[0-9a-f]{6,16}|[0-9a-f]{8}`[0-9a-f]{8})';
const BYTES = '(?<hex>[0-9a-f]{2}(?:(?: {1,2}|-)[0-9a-f]{2}){0,255})(?=\\s|$)';

const DIALECT: HexDialect = {
  line: new RegExp(
    `^[ \\t>]{0,80}(?:${OFFSET}(?: {1,3}${BYTES}|[ \\t]{0,80}$)|(?<star>\\*)$)`,
    'i',
  ),
  anyRadix: true,
};

/**
 * A hex dump of single bytes as `hexdump -C`, `od -tx1` or WinDbg's `db` prints it:
 * `00000010  44 4d 41 52 …  |DMAR…|`, with `*` for lines that repeat the one before.
 */
export const hexdump: TextFormat = {
  form: 'hexdump',
  read: (text, limit) => readHexDumps(text, DIALECT, limit),
};
