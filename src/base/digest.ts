import { hash } from '@stablelib/sha256';
import { bytesToHex } from './hex.js';

/**
 * SHA-256 of a source's bytes in hex, so that a report tells which table it was about. Node's own takes
 * longer to load than a table to digest.
 */
export const sha256 = (bytes: Uint8Array): string => bytesToHex(hash(bytes));
