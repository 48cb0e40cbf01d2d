import type { TextFormat } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

/** Stands before an offset that is not at the start of its line. */
const BEFORE = '(?<![0-9a-z_.-])';

/** `[    1.230000] DMAR: 00000010: 44 4d 41 52 …`: a log or a console put something before each line. */
const COLON: HexDialect = {
  line: new RegExp(
    `${BEFORE}(?<offset>[0-9a-f]{4,16}): {1,3}(?<hex>[0-9a-f]{2}(?:[ -][0-9a-f]{2}){0,63})(?=\\s|$)`,
    'i',
  ),
};

/** `kernel: 00000010  44 4d 41 52 …`. */
const BLANK: HexDialect = {
  line: new RegExp(
    `${BEFORE}(?<offset>[0-9a-f]{6,16}) {1,3}(?<hex>[0-9a-f]{2}(?: {1,2}[0-9a-f]{2}){3,63})(?=\\s|$)`,
    'i',
  ),
};

/** A hex dump of single bytes in lines that begin with anything else, as in the kernel's log (print_hex_dump). */
export const prefixed: TextFormat = {
  form: 'hexdump',
  read(text, limit) {
    const tables = readHexDumps(text, COLON, limit);
    return tables.length > 0 ? tables : readHexDumps(text, BLANK, limit);
  },
};
