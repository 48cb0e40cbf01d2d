import type { TextFormat } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

/** `DMAR @ 0x00000000DF5F0000`, where the signature may be short of letters (`RSD PTR`, `ASF!`). */
const TITLE = /^[ \t>]{0,80}[A-Z][^@]{0,8} @ 0x[0-9a-f]/i;

/** `    0010: 44 4D 41 52 …  DMAR…`, four digits or as many as the offset takes. */
const DIALECT: HexDialect = {
  line: new RegExp(
    `(?<title>${TITLE.source})|^[ \\t>]{0,80}(?<offset>[0-9a-f]{4,8}): {0,8}(?<hex>[0-9a-f]{2}(?: [0-9a-f]{2}){0,15})(?=\\s|$)`,
    'i',
  ),
};

/** The tables of a machine as acpidump prints them (ACPICA's acpidump and acpixtract; pmtools before them). */
export const acpidump: TextFormat = {
  form: 'acpidump',
  read: (text, limit) =>
    text.lines.some((line) => TITLE.test(line)) ? readHexDumps(text, DIALECT, limit) : [],
};
