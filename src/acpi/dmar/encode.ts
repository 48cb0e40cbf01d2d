import { encodeAs } from '../encode.js';
import { DMAR, type DmarTable } from './dmar.js';

/**
 * The inverse of decoding: the bytes a table was decoded from, or is to be made of. Lengths and
 * checksum are written as they stand, so broken tables come out as broken as they are.
 */
export const encodeDmar = (table: DmarTable): Uint8Array => encodeAs(DMAR, table);
