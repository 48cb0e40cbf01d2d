/** Exit statuses, as the README lists them. */
export const EXIT = {
  /** Everything went fine; warnings do not change this. */
  fine: 0,
  /** The answer is no: the hypercall failed, something was found, tables differ. */
  no: 1,
  /** Wrong usage. */
  usage: 2,
  /** No table could be read. */
  noTable: 3,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

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
   */
  constructor(
    readonly code: string,
    message: string,
    readonly hint?: string,
    readonly status: ExitStatus = EXIT.noTable,
  ) {
    super(message);
  }
}

/** A source that could not be read, and why. */
export interface Unread {
  readonly path: string;
  readonly failure: Failure;
}
