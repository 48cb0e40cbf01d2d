import type { TextFormat } from './format.js';
import { type HexDialect, readHexDumps } from './hex-lines.js';

const DIALECT: HexDialect = {
  line: /^[ \t>]{0,80}(?:0x)?(?<offset>[0-9a-f]{4,16})(?: <[^>]{1,80}>)?:(?<hex>(?:[ \t]{1,4}0x(?:[0-9a-f]{16}|[0-9a-f]{8}|[0-9a-f]{4}|[0-9a-f]{2})(?![0-9a-f])){1,16})/i,
  words: true,
};

/** Memory as gdb's `x/` and QEMU's `xp` print it: `0x8ad69000:	0x44	0x4d …`, words with their lowest byte last. */
export const gdb: TextFormat = {
  form: 'hexdump',
  read: (text, limit) => readHexDumps(text, DIALECT, limit),
};
