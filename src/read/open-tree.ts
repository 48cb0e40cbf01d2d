import { statSync } from 'node:fs';
import { Failure } from '../base/failure.js';
import { archiveTree, isTar } from '../evidence/archive.js';
import { readCandidate, uncompressed } from '../evidence/content.js';
import { explainErrno } from './bounded-read.js';
import { hostTreeAt } from './host-tree.js';
import { directoryTree, type Tree } from './tree.js';

/**
 * Opens a host's tree.
 *
 * @param root a directory, `/` for this machine; or a tar archive of one, compressed or not
 * @param limit most bytes of an archive, those that decompressing makes included
 * @throws Failure `not-found`, `not-permitted`, or one that says why a file is no archive of a host
 */
export async function openTree(root: string, limit: number): Promise<Tree> {
  if (isDirectory(root)) return hostTreeAt(root) ?? directoryTree(root);
  const bytes = await readCandidate(root, limit);
  const plain = bytes === null ? null : await uncompressed(bytes, root, limit);
  if (plain !== null && isTar(plain)) return archiveTree(plain, root);
  throw new Failure(
    'no-host-tree',
    `${root} is neither a directory that holds a host's tree nor a tar archive of one.`,
    'dmar capture makes such an archive on the machine.',
  );
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    const failure = explainErrno(error, path);
    throw failure.code === 'not-found'
      ? new Failure('not-found', `There is no directory or archive ${path}.`)
      : failure;
  }
}
