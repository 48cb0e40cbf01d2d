import { closeSync, constants, fstatSync, lstatSync, readlinkSync } from 'node:fs';
import { MAX_SIZE, tooLarge } from '../evidence/limit.js';
import { resolveInTree, type Tree } from '../evidence/tree.js';
import { explainErrno, openForReading, readDescriptor } from './bounded-read.js';
import { fromSystem, namesIn, toSystem } from './system-path.js';

/** The tree below a directory; `/` is this machine. Whether the directory exists is not looked at. */
export function directoryTree(root: string): Tree {
  const base = root.endsWith('/') ? root : `${root}/`;
  const links = new Map<string, string | null>();

  const linkAt = (path: string): string | null => {
    let target = links.get(path);
    if (target === undefined) {
      target = attempt(base + path, () =>
        lstatSync(toSystem(base + path), { throwIfNoEntry: false })?.isSymbolicLink()
          ? fromSystem(readlinkSync(toSystem(base + path), 'buffer'))
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
      return directory === null ? null : attempt(directory, () => namesIn(directory).sort());
    },
    readlink(path) {
      const slash = path.lastIndexOf('/');
      const parent = resolveInTree(path.slice(0, slash + 1), linkAt);
      if (parent === null) return null;
      return linkAt([parent, path.slice(slash + 1)].filter((part) => part !== '').join('/'));
    },
  };
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
