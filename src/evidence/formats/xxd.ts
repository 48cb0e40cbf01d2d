import type { TextFormat } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

const DIALECT: HexDialect = {
  line: /^[ \t>]*(?:(?<offset>[0-9a-f]{4,16}): ?(?<hex>(?:[0-9a-f]{2}){1,256}(?: (?:[0-9a-f]{2}){1,256}){0,255})(?=\s|$)|(?<star>\*)\r?$)/gim,
  anyRadix: false,
};

/** A hex dump as xxd prints it, however its bytes are grouped: `00000010: 444d 4152 …  DMAR…`. */
export const xxd: TextFormat = {
  detect: (text) => /^[ \t>]*[0-9a-f]{4,16}: ?[0-9a-f]{2}/im.test(text),
  read: (text, limit) => ({
    kind: 'table',
    form: 'hexdump',
    tables: readHexDumps(text, DIALECT, limit),
  }),
};
