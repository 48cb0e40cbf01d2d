import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Failure } from '../base/failure.js';
import { TABLES_DIRECTORY } from '../evidence/host-table.js';
import { explainErrno } from './bounded-read.js';

/** A path that may hold a table. */
export interface Candidate {
  path: string;
  /** Whether the user named it, rather than a directory above it. */
  named: boolean;
}

/** A path that was come across but cannot be read as a source. */
export interface Obstacle {
  path: string;
  /** Why; a plain object, so that it can be passed to a thread. */
  obstacle: Pick<Failure, 'code' | 'message'>;
}

/**
 * Whether a path is a directory to be walked: neither a host's tree, live or captured, nor the directory of
 * its tables. One that is not there is none.
 */
export function isCollection(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return false;
  const base = path.endsWith('/') ? path : `${path}/`;
  return (
    !existsSync(base + TABLES_DIRECTORY) && !realpathSync(path).endsWith(`/${TABLES_DIRECTORY}`)
  );
}

/** What the kernel shows of a machine: beside its tables nothing there is a source. */
const KERNEL_TREES: ReadonlySet<string> = new Set(['sys', 'proc']);

/**
 * The files at and below a path, in the order of their paths. A directory that is a host's tree, live or
 * captured, is one candidate itself. Symbolic links to directories are not followed, so the walk ends.
 *
 * @param path as the user named it
 */
export function* walk(path: string): Generator<Candidate | Obstacle> {
  let directory: boolean;
  try {
    directory = statSync(path).isDirectory();
  } catch (error) {
    yield obstacleAt(path, error);
    return;
  }
  if (directory) yield* walkDirectory(path);
  else yield { path, named: true };
}

function* walkDirectory(path: string): Generator<Candidate | Obstacle> {
  const base = path.endsWith('/') ? path : `${path}/`;
  const isHost = existsSync(base + TABLES_DIRECTORY);
  if (isHost) yield { path, named: false };
  let entries: Dirent[];
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    yield obstacleAt(path, error);
    return;
  }
  for (const entry of inPathOrder(entries)) {
    const below = base + entry.name;
    if (isHost && KERNEL_TREES.has(entry.name)) continue;
    if (entry.isDirectory()) yield* walkDirectory(below);
    else if (entry.isFile() || isLinkToFile(entry, below)) yield { path: below, named: false };
  }
}

/** Sorted as whole paths are, where a directory's name goes on with a slash. */
function inPathOrder(entries: Dirent[]): Dirent[] {
  const nameOf = (entry: Dirent) => (entry.isDirectory() ? `${entry.name}/` : entry.name);
  return entries.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

const isLinkToFile = (entry: Dirent, path: string): boolean =>
  entry.isSymbolicLink() && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);

function obstacleAt(path: string, error: unknown): Obstacle {
  const { code, message } = explainErrno(error, path);
  return { path, obstacle: { code, message } };
}
