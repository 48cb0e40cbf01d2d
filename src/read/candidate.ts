import { kindOf } from '../evidence/content.js';
import { sourceName } from '../evidence/source.js';
import { readPath } from './bounded-read.js';

/**
 * The bytes of what a path names, given up as soon as the first of them can be nothing that holds a table.
 *
 * @param limit most bytes
 * @returns null where the path names a directory
 * @throws Failure as {@link readPath} and {@link kindOf}
 */
export const readCandidate = (path: string, limit: number): Promise<Uint8Array | null> =>
  readPath(path, limit, (head) => void kindOf(head, sourceName(path)));
