import { Failure } from '../base/failure.js';

/**
 * A host's files: the machine itself (root `/`), a captured directory or an archive. Paths are relative to
 * the root and use `/`. Symbolic links are followed as if the root were `/`, so none leads outside it.
 */
export interface Tree {
  /** What messages call it: the directory or archive as the user named it. */
  readonly name: string;
  /** Whether its files are ones that others can open, and not in an archive. */
  readonly onDisk: boolean;
  /**
   * Bytes of a regular file.
   *
   * @param limit most bytes to take; a file that holds more is a Failure `too-large`
   * @returns null where there is no such regular file
   * @throws Failure `not-permitted` or `unreadable` where there is one that cannot be read
   */
  read(path: string, limit?: number): Uint8Array | null;
  /**
   * The first bytes of a regular file, fewer where it is shorter; reads no further than they go.
   *
   * @returns null where there is no such regular file
   * @throws Failure `not-permitted` or `unreadable`
   */
  head(path: string, length: number): Uint8Array | null;
  /**
   * Names in a directory, sorted; null where there is no such directory.
   *
   * @throws Failure `not-permitted` or `unreadable`
   */
  list(path: string): string[] | null;
  /** What a symbolic link says, as it is written; null where the path is no symbolic link. */
  readlink(path: string): string | null;
}

/** Links followed on the way to one file before it counts as missing, as Linux does (ELOOP). */
const MAX_LINKS = 40;

/**
 * Longest path that is looked for, as Linux's own limit is (PATH_MAX). What links on the way say counts as part of it, so that
 * finding a file takes no longer than the longest path does.
 */
export const PATH_MAX = 4096;

/**
 * Resolves a path inside a tree as the kernel does inside a chroot: absolute links start at the tree's root,
 * and `..` at the root stays there.
 *
 * @param path relative to the root
 * @param linkAt what the symbolic link at a path with no links in it says; null for anything else
 * @returns the path with no link in it, `''` for the root; null where links go round in circles, or where it is longer than
 *   {@link PATH_MAX} with all that they say
 */
export function resolveInTree(
  path: string,
  linkAt: (path: string) => string | null,
): string | null {
  let room = PATH_MAX - path.length;
  if (room < 0) return null;
  const pending = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop() as string;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    done.push(name);
    const target = linkAt(done.join('/'));
    if (target === null) continue;
    room -= target.length;
    if (++links > MAX_LINKS || room < 0) return null;
    if (target.startsWith('/')) done.length = 0;
    else done.pop();
    pending.push(...target.split('/').reverse());
  }
  return done.join('/');
}

/** Passes over what a tree does not let be read: null stands for it, as for what is missing. */
export function ifPermitted<T>(look: () => T | null): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
