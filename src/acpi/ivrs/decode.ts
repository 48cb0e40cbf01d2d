import { decodeAs } from '../decode.js';
import type { Decoded } from '../table-layout.js';
import { IVRS, type IvrsTable } from './ivrs.js';

/**
 * Decodes an IVRS table, whatever the bytes say (AMD I/O virtualization specification, "I/O Virtualization ACPI
 * Table").
 *
 * @param bytes the table from its signature on; they may be fewer or more than its length field claims
 * @returns what was understood, and a diagnostic with byte offset and length for everything odd
 */
export const decodeIvrs = (bytes: Uint8Array): Decoded<IvrsTable> => decodeAs(IVRS, bytes);
