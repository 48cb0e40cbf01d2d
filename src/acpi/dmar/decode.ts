import { decodeAs } from '../decode.js';
import type { Decoded } from '../table-layout.js';
import { DMAR, type DmarTable } from './dmar.js';

export type { DmarTable };

/**
 * Decodes a DMAR table, whatever the bytes say (VT-d specification, "BIOS Considerations").
 *
 * @param bytes the table from its signature on; they may be fewer or more than its length field claims
 * @returns what was understood, and a diagnostic with byte offset and length for everything odd
 */
export const decodeDmar = (bytes: Uint8Array): Decoded<DmarTable> => decodeAs(DMAR, bytes);
