import { existsSync, realpathSync, statSync } from 'node:fs';
import type { Failure } from '../base/failure.js';
import { below } from '../base/path.js';
import { TABLES_DIRECTORY } from '../evidence/host-table.js';
import { explainErrno } from './bounded-read.js';
import { type Entry, entriesIn, toSystem } from './system-path.js';

/** A path that may hold a table. */
export interface Candidate {
  path: string;
  /** Whether the user named it, rather than a directory above it. */
  named: boolean;
  /** Whether it is the tree of a host, of which there is more to read and to say than of a file. */
  isHost?: true;
}

/** A path that was come across but cannot be read as a source. */
export interface Obstacle {
  path: string;
  /** Why; a plain object, so that it can be passed to a thread. */
  obstacle: Pick<Failure, 'code' | 'message'>;
}

/**
 * Whether a path is a directory to be walked: neither a host's tree, live or captured, nor the directory of
 * its tables. One that is not there, or may not be looked at, is none.
 */
export function isCollection(path: string): boolean {
  const at = toSystem(path);
  try {
    if (!statSync(at).isDirectory()) return false;
    return (
      !existsSync(toSystem(below(path, TABLES_DIRECTORY))) &&
      !realpathSync(at, 'latin1').endsWith(`/${TABLES_DIRECTORY}`)
    );
  } catch (error) {
    explainErrno(error, path);
    return false;
  }
}

/** Whether a path is a regular file of at most so many bytes, or cannot be looked at. */
export function isSmallFile(path: string, size: number): boolean {
  try {
    const stats = statSync(toSystem(path));
    return stats.isFile() && stats.size <= size;
  } catch {
    return true;
  }
}

/** What the kernel shows of a machine: beside its tables nothing there is a source. */
const KERNEL_TREES: ReadonlySet<string> = new Set(['sys', 'proc']);

/**
 * The files at and below a path, in the order of their paths. A directory that is a host's tree, live or
 * captured, is one candidate itself. Symbolic links to directories are not followed, so the walk ends.
 *
 * @param path as the user named it; `-` is standard input
 */
export function* walk(path: string): Generator<Candidate | Obstacle> {
  if (path === '-') {
    yield { path, named: true };
    return;
  }
  let directory: boolean;
  try {
    directory = statSync(toSystem(path)).isDirectory();
  } catch (error) {
    yield obstacleAt(path, error);
    return;
  }
  if (directory) yield* walkDirectory(path);
  else yield { path, named: true };
}

function* walkDirectory(path: string): Generator<Candidate | Obstacle> {
  const base = path.endsWith('/') ? path : `${path}/`;
  const isHost = existsSync(toSystem(base + TABLES_DIRECTORY));
  if (isHost) yield { path, named: false, isHost };
  let entries: Entry[];
  try {
    entries = entriesIn(path);
  } catch (error) {
    yield obstacleAt(path, error);
    return;
  }
  for (const { name, kind } of inPathOrder(entries)) {
    const at = base + name;
    if (isHost && KERNEL_TREES.has(name)) continue;
    if (kind === 'directory') yield* walkDirectory(at);
    else if (kind === 'file') yield { path: at, named: false };
    else if (kind === 'link') yield* walkLink(at);
  }
}

/** A link to a file; one that leads nowhere is passed over, and one that cannot be followed is told of. */
function* walkLink(path: string): Generator<Candidate | Obstacle> {
  try {
    const target = statSync(toSystem(path), { throwIfNoEntry: false });
    if (target?.isFile()) yield { path, named: false };
  } catch (error) {
    yield obstacleAt(path, error);
  }
}

/** Sorted as whole paths are, where a directory's name goes on with a slash. */
function inPathOrder(entries: Entry[]): Entry[] {
  const nameOf = ({ name, kind }: Entry) => (kind === 'directory' ? `${name}/` : name);
  return entries.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function obstacleAt(path: string, error: unknown): Obstacle {
  const { code, message } = explainErrno(error, path);
  return { path, obstacle: { code, message } };
}
