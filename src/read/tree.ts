import { closeSync, constants, fstatSync, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { Failure } from '../base/failure.js';
import {
  explainErrno,
  MAX_SIZE,
  openForReading,
  readDescriptor,
  tooLarge,
} from './bounded-read.js';

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
 * Resolves a path inside a tree as the kernel does inside a chroot: absolute links start at the tree's root,
 * and `..` at the root stays there.
 *
 * @param path relative to the root
 * @param linkAt what the symbolic link at a path with no links in it says; null for anything else
 * @returns the path with no link in it, `''` for the root; null where links go round in circles
 */
export function resolveInTree(
  path: string,
  linkAt: (path: string) => string | null,
): string | null {
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
    if (++links > MAX_LINKS) return null;
    if (target.startsWith('/')) done.length = 0;
    else done.pop();
    pending.push(...target.split('/').reverse());
  }
  return done.join('/');
}

/** The tree below a directory; `/` is this machine. Whether the directory exists is not looked at. */
export function directoryTree(root: string): Tree {
  const base = root.endsWith('/') ? root : `${root}/`;
  const links = new Map<string, string | null>();

  const linkAt = (path: string): string | null => {
    let target = links.get(path);
    if (target === undefined) {
      target = attempt(base + path, () =>
        lstatSync(base + path, { throwIfNoEntry: false })?.isSymbolicLink()
          ? readlinkSync(base + path)
          : null,
      );
      links.set(path, target);
    }
    return target;
  };
  const locate = (path: string): string | null => {
    const resolved = resolveInTree(path, linkAt);
    return resolved === null ? null : base + resolved;
  };

  return {
    name: root,
    onDisk: true,
    read(path, limit = MAX_SIZE) {
      const file = locate(path);
      if (file === null) return null;
      const bytes = attempt(file, () => readRegularFile(file, limit + 1));
      if (bytes !== null && bytes.length > limit) {
        throw tooLarge(file, limit);
      }
      return bytes;
    },
    head(path, length) {
      const file = locate(path);
      return file === null ? null : attempt(file, () => readRegularFile(file, length));
    },
    list(path) {
      const directory = locate(path);
      return directory === null ? null : attempt(directory, () => readdirSync(directory).sort());
    },
    readlink(path) {
      const slash = path.lastIndexOf('/');
      const parent = resolveInTree(path.slice(0, slash + 1), linkAt);
      if (parent === null) return null;
      return linkAt([parent, path.slice(slash + 1)].filter((part) => part !== '').join('/'));
    },
  };
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

/** Does something with a file; null where it is not there, a Failure where the system refuses. */
function attempt<T>(path: string, work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    const failure = explainErrno(error, path);
    if (failure.code === 'not-found') return null;
    throw failure;
  }
}

/** The first bytes of a file, at most `limit`; null where it is no regular file, which might never end. */
function readRegularFile(file: string, limit: number): Uint8Array | null {
  const fd = openForReading(file, constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(fd);
    return stat.isFile() ? readDescriptor(fd, stat.size, limit) : null;
  } finally {
    closeSync(fd);
  }
}
