import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, Failure } from '../base/failure.js';
import { fromSystem, toSystem } from '../read/system-path.js';

/** A path as the system has it. */
type SystemPath = string | Buffer;

/** How a file is written. */
export interface WriteOptions {
  /** Whether a file that is there is replaced, and a link or a FIFO followed. */
  readonly force: boolean;
  /** Permission bits; by default those that any new file gets. */
  readonly mode?: number;
}

const unwritable = (path: string, error: unknown): Failure =>
  new Failure(
    'unwritable',
    `${path} cannot be written: ${(error as Error).message}.`,
    undefined,
    EXIT.usage,
  );

const exists = (path: string): Failure =>
  new Failure('exists', `${path} exists already.`, '--force replaces it.', EXIT.usage);

/**
 * Writes a file whole or not at all: into a temporary file beside it, which takes its name once it lies on
 * the disk. A device such as /dev/null is written to as it is.
 *
 * @throws Failure `exists` or `unwritable`, both a matter of usage
 */
export function writeNewFile(
  path: string,
  data: string | Uint8Array,
  { force, mode = 0o666 }: WriteOptions,
): void {
  if (path === '') {
    throw new Failure('unwritable', '"" is not the name of a file.', undefined, EXIT.usage);
  }
  try {
    const there = lstatSync(toSystem(path), { throwIfNoEntry: false });
    if (there?.isDirectory()) {
      throw new Failure('unwritable', `${path} is a directory.`, undefined, EXIT.usage);
    }
    if (there?.isCharacterDevice()) writeFileSync(toSystem(path), data);
    else if (there === undefined) placeWhole(path, data, mode, linkOrRename);
    else if (!force) throw exists(path);
    else replace(path, data, mode);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? exists(path)
      : unwritable(path, error);
  }
}

/** Replaces what is there, or writes into it where it is no file: the FIFO of a shell's `>(…)`, say. */
function replace(path: string, data: string | Uint8Array, mode: number): void {
  const target = lstatSync(toSystem(path)).isSymbolicLink() ? followed(path) : path;
  const there = lstatSync(toSystem(target), { throwIfNoEntry: false });
  if (there === undefined || there.isFile()) placeWhole(target, data, mode, renameSync);
  else writeFileSync(toSystem(target), data);
}

/** What a link leads to; itself where that has no name, as a pipe has none. */
function followed(path: string): string {
  try {
    return fromSystem(realpathSync(toSystem(path), 'buffer'));
  } catch {
    return path;
  }
}

/** Gives a file its name unless that is taken; some file systems know no second name. */
function linkOrRename(from: SystemPath, to: SystemPath): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    renameSync(from, to);
  }
}

/** @param place gives the temporary file its name */
function placeWhole(
  path: string,
  data: string | Uint8Array,
  mode: number,
  place: (from: SystemPath, to: SystemPath) => void,
): void {
  // Not the name and more: that may be as long as names can be.
  const temporary = toSystem(join(dirname(path), `.dmar.${process.pid}.tmp`));
  const fd = openSync(temporary, 'wx', mode);
  try {
    try {
      writeFileSync(fd, data);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    place(temporary, toSystem(path));
  } finally {
    // A name that was moved is gone already.
    if (lstatSync(temporary, { throwIfNoEntry: false }) !== undefined) unlinkSync(temporary);
  }
}
