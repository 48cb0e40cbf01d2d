import type { TextFormat } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

const PAIRS = '(?:[0-9a-f]{2}){1,256}';

const DIALECT: HexDialect = {
  line: new RegExp(
    `^[ \\t>]{0,80}(?:(?<offset>[0-9a-f]{4,16}): {0,3}(?<hex>${PAIRS}(?:[ -]${PAIRS}){0,255})(?=\\s|$)|(?<star>\\*)$)`,
    'i',
  ),
};

/**
 * A hex dump as xxd prints it, however its bytes are grouped, `00000010: 444d 4152 …  DMAR…`, and as UEFI's
 * dmem does, from whatever address.
 */
export const xxd: TextFormat = {
  form: 'hexdump',
  read: (text, limit) => readHexDumps(text, DIALECT, limit),
};
