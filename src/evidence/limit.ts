import { formatSize } from '../base/address.js';
import { Failure } from '../base/failure.js';

/** Most bytes of one file that are read where `--max-size` says nothing else; a table is a few hundred long. */
export const MAX_SIZE = 64 * 2 ** 20;

/** What to say of a file that holds more bytes than are read. */
export const tooLarge = (name: string, limit: number): Failure =>
  new Failure(
    'too-large',
    `${name} holds more than ${formatSize(BigInt(limit))}, the most that is read.`,
    'A DMAR table takes a few hundred bytes. Should this be right all the same, --max-size raises the limit.',
  );

/** Thrown by what makes more bytes of others than it may. */
export class OverLimit extends Error {}
