/** Exit statuses, the same for every command. */
export const EXIT = {
  /** Everything went fine; warnings do not change this. */
  fine: 0,
  /** The answer is no: VT-d is off, something was found, tables differ, a device is blocked. */
  no: 1,
  /** Wrong usage. */
  usage: 2,
  /** The answer is not known: no table could be read, or not all of it is there. */
  noTable: 3,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Statuses from the one that yields to all others up: a known no outranks what is not known. */
const RANKS: readonly ExitStatus[] = [EXIT.fine, EXIT.noTable, EXIT.no, EXIT.usage];

/** The status of two sources together. */
export const worseStatus = (a: ExitStatus, b: ExitStatus): ExitStatus =>
  RANKS.indexOf(a) > RANKS.indexOf(b) ? a : b;

/**
 * Why a command could not do its work, to be told to a person and tested by a script. Thrown by what
 * reads (sources/, host/) and by commands; never by what works on bytes.
 */
export class Failure extends Error {
  override readonly name = 'Failure';

  /**
   * @param code stable kebab-case identifier
   * @param message one sentence that names the file and, where there is one, the byte offset
   * @param hint what to do about it
   * @param more what else is wrong, each a sentence
   */
  constructor(
    readonly code: string,
    message: string,
    readonly hint?: string,
    readonly status: ExitStatus = EXIT.noTable,
    readonly more: readonly string[] = [],
  ) {
    super(message);
  }
}

/** A source that could not be read, and why. */
export interface Unread {
  readonly path: string;
  readonly failure: Failure;
}
