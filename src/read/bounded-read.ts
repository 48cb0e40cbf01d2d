import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Failure } from '../base/failure.js';
import { tooLarge } from '../evidence/limit.js';
import { sourceName } from '../evidence/source.js';
import { toSystem } from './system-path.js';

/** Bytes a stream is judged by before more of it is read. */
const CHUNK = 64 * 1024;

/** Milliseconds for which a FIFO or a device may stay silent where nothing else is said. */
const PATIENCE = 10_000;

/** Milliseconds between two looks at a stream that has nothing to give yet. */
const PAUSE = 10;

const errnoOf = (error: unknown): string | undefined =>
  (error as NodeJS.ErrnoException | null)?.code;

/**
 * The sentence for what the system said about a file.
 *
 * @param error what was caught; a Failure is handed back, anything that no system call threw is thrown on
 * @param path what messages call the file
 * @returns a Failure `not-found`, `not-permitted` or `unreadable`
 */
export function explainErrno(error: unknown, path: string): Failure {
  if (error instanceof Failure) return error;
  switch (errnoOf(error)) {
    case undefined:
      throw error;
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ENXIO':
    case 'ENODEV':
    // A path that holds a NUL character: Node asks the system for no such file.
    case 'ERR_INVALID_ARG_VALUE':
      return new Failure('not-found', `There is no file ${path}.`);
    case 'ELOOP':
      return new Failure(
        'not-found',
        `There is no file ${path}: its symbolic links go in circles.`,
      );
    case 'EACCES':
    case 'EPERM':
      return new Failure(
        'not-permitted',
        `${path} may not be read by this user.`,
        'Reading it needs root: run the same command with sudo in front, as in "sudo dmar map".',
      );
    default:
      return new Failure('unreadable', `${path} cannot be read: ${(error as Error).message}.`);
  }
}

/** Opens a path for reading without waiting for a writer, as a FIFO would; throws the system's error. */
export const openForReading = (path: string, flags = 0): number =>
  openSync(toSystem(path), constants.O_RDONLY | constants.O_NONBLOCK | flags);

/** A buffer that grows to its limit once what was expected does not suffice. */
class Intake {
  #buffer: Buffer;
  length = 0;

  constructor(
    expected: number,
    readonly limit: number,
  ) {
    this.#buffer = Buffer.allocUnsafe(Math.min(expected, limit));
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  /**
   * Reads once from a file where it stands.
   *
   * @returns bytes read, 0 at the end or at the limit; null where a stream has nothing to give yet
   */
  take(fd: number): number | null {
    if (this.length === this.limit) return 0;
    if (this.length === this.#buffer.length) {
      // Memory that nothing is written to costs nothing, while growing by degrees would copy all again and again.
      const larger = Buffer.allocUnsafe(this.limit);
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    try {
      const got = readSync(fd, this.#buffer, this.length, this.#buffer.length - this.length, null);
      this.length += got;
      return got;
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return null;
      throw error;
    }
  }
}

/**
 * The first bytes of an open regular file; throws the system's error.
 *
 * @param size bytes it claims to hold; files of sysfs and procfs hold more or fewer
 * @param limit most bytes to read
 */
export function readDescriptor(fd: number, size: number, limit: number): Uint8Array {
  const intake = new Intake(size + 1, limit);
  while (intake.take(fd)) {
    // An empty read is the end, and so is all that the file claims to hold where there was room for more.
    if (size > 0 && intake.length === size) break;
  }
  return intake.bytes;
}

/** How to read a stream. */
interface StreamOptions {
  name: string;
  limit: number;
  /** Milliseconds for which it may stay silent; infinite where its writer was there before this process. */
  patience: number;
  /** Whether it reads as if it had ended for as long as nobody has opened it for writing: a FIFO. */
  awaitsWriter: boolean;
  /** Judges the first bytes; throws where reading on is in vain. */
  judge: (head: Uint8Array) => void;
}

/** The first bytes of a pipe, FIFO or device. */
async function readStream(fd: number, options: StreamOptions): Promise<Uint8Array> {
  const { name, limit, patience, awaitsWriter, judge } = options;
  const intake = new Intake(CHUNK, limit);
  let lastSign = performance.now();
  let judged = false;
  for (;;) {
    const got = intake.take(fd);
    const waiting = got === null || (got === 0 && intake.length === 0 && awaitsWriter);
    if (got === 0 && !waiting) return intake.bytes;
    if (!waiting) {
      lastSign = performance.now();
      if (!judged && intake.length >= CHUNK) {
        judge(intake.bytes);
        judged = true;
      }
    } else if (performance.now() - lastSign > patience) {
      throw new Failure(
        'silent',
        `${name} gave ${intake.length} bytes and then nothing for ${patience / 1000} seconds.`,
      );
    } else await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Paths of files that this process was started with, open already. */
const INHERITED = /^\/dev\/(stdin$|fd\/)|^\/proc\/(self|\d+)\/fd\//;

/**
 * Reads whatever a path names, never more than a limit and never for ever: a regular file, standard
 * input (`-`), a pipe, a FIFO, a device.
 *
 * @param path as the user gave it
 * @param limit most bytes; more is a Failure
 * @param judge sees the first bytes of a stream, and throws where reading on is in vain
 * @param patience milliseconds for which a FIFO or a device may stay silent
 * @returns null where the path names a directory
 * @throws Failure `not-found`, `not-permitted`, `unreadable`, `too-large` or `silent`
 */
export async function readPath(
  path: string,
  limit: number,
  judge: (head: Uint8Array) => void,
  patience = PATIENCE,
): Promise<Uint8Array | null> {
  const standardInput = path === '-';
  const name = sourceName(path);
  let fd: number | null = null;
  try {
    fd = standardInput ? 0 : openForReading(path);
    const stats = fstatSync(fd);
    if (stats.isDirectory()) return null;
    // One byte more than the limit tells whether there is more.
    if (stats.isFile() && stats.size > limit) throw tooLarge(name, limit);
    const inherited = standardInput || INHERITED.test(path);
    const bytes = stats.isFile()
      ? readDescriptor(fd, stats.size, limit + 1)
      : await readStream(fd, {
          name,
          limit: limit + 1,
          patience: inherited ? Number.POSITIVE_INFINITY : patience,
          awaitsWriter: stats.isFIFO() && !inherited,
          judge,
        });
    if (bytes.length > limit) throw tooLarge(name, limit);
    return bytes;
  } catch (error) {
    throw explainErrno(error, name);
  } finally {
    if (fd !== null && !standardInput) closeSync(fd);
  }
}
