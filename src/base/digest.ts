import { hash } from '@stablelib/sha256';

/**
 * SHA-256 of a source's bytes in hex, so that a report tells which table it was about. Node's own takes
 * longer to load than a table to digest.
 */
export const sha256 = (bytes: Uint8Array): string => Buffer.from(hash(bytes)).toString('hex');
