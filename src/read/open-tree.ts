import { statSync } from 'node:fs';
import { Failure } from '../base/failure.js';
import { readContent } from '../evidence/content.js';
import type { Tree } from '../evidence/tree.js';
import { explainErrno } from './bounded-read.js';
import { readCandidate } from './candidate.js';
import { hostTreeAt } from './host-tree.js';
import { toSystem } from './system-path.js';
import { NODE_TOOLS } from './tools.js';
import { directoryTree } from './tree.js';

/**
 * Opens a host's tree.
 *
 * @param root a directory, `/` for this machine; or a tar or zip archive of one, compressed or not; `-` reads that from
 *   standard input
 * @param limit most bytes of an archive, those that decompressing makes included
 * @throws Failure `not-found`, `not-permitted`, or one that says why a file is no archive of a host
 */
export async function openTree(root: string, limit: number): Promise<Tree> {
  if (root !== '-' && isDirectory(root)) return hostTreeAt(root) ?? directoryTree(root);
  const bytes = await readCandidate(root, limit);
  const tree = bytes === null ? null : await treeOf(bytes, root, limit);
  if (tree !== null) return tree;
  throw new Failure(
    'no-host-tree',
    `${root} is neither a directory that holds a host's tree nor a tar or zip archive of one.`,
    'dmar capture makes such an archive on the machine.',
  );
}

/** The tree in an archive; null where the bytes are something else. */
async function treeOf(bytes: Uint8Array, name: string, limit: number): Promise<Tree | null> {
  try {
    const content = await readContent(bytes, name, limit, NODE_TOOLS.inflaters);
    return content.kind === 'archive' && content.tree.list('sys') !== null ? content.tree : null;
  } catch (error) {
    if (error instanceof Failure && error.code === 'not-a-table') return null;
    throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(toSystem(path)).isDirectory();
  } catch (error) {
    const failure = explainErrno(error, path);
    throw failure.code === 'not-found'
      ? new Failure('not-found', `There is no directory or archive ${path}.`)
      : failure;
  }
}
