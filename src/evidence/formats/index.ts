import { acpidump } from './acpidump.js';
import { cArray } from './c-array.js';
import { disassembly } from './disassembly.js';
import type { TextFormat } from './format.js';
import { gdb } from './gdb.js';
import { hexdump } from './hexdump.js';
import { plainHex } from './plain-hex.js';
import { prefixed } from './prefixed.js';
import { words } from './words.js';
import { xxd } from './xxd.js';

/**
 * All text formats, the ones that say most of a table first: a report may hold several. A listing shows its
 * table as a hex dump too, and acpidump's lines are ones that xxd might print.
 */
export const TEXT_FORMATS: readonly TextFormat[] = [
  disassembly,
  acpidump,
  xxd,
  hexdump,
  words,
  gdb,
  prefixed,
  plainHex,
  cArray,
];
