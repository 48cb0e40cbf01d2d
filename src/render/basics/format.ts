import type { Severity } from '../../acpi/diagnostic.js';
import type { Unread } from '../../base/failure.js';
import type { JsonObject } from './json.js';
import type { Page } from './page.js';

/** What the reader asked of an output, beside its format. */
export interface View {
  readonly page: Page;
  /** Whether each field of a table is to have its offset and bytes in front. */
  readonly hex: boolean;
  /** Names of the only columns to show, in their order; null: all. */
  readonly columns: readonly string[] | null;
  /** Whether columns have their names above them. */
  readonly header: boolean;
}

/** All that a command came to. */
export interface Run<A> {
  readonly answers: readonly A[];
  /** Sources that could not be read. */
  readonly unread: readonly Unread[];
  /** When it began. */
  readonly started: Date;
  /** How long each answer took. */
  readonly seconds: readonly number[];
}

/** A sentence that a format has no room for, and which therefore goes to standard error. */
export interface Aside {
  /** How bad it is; left out where it is just worth knowing. */
  readonly severity?: Severity;
  readonly message: string;
  /** Whether it is said however quiet the program is to be: without it the output would mislead. */
  readonly loud?: true;
}

/** A way to write the answers to a question down. */
export interface Format<A> {
  /** An answer as a document: printed by itself, or in a list where several sources were asked for. */
  readonly document?: (answer: A) => JsonObject;
  /** Names of the columns that can be chosen; left out where none can. */
  readonly columns?: readonly string[];
  /** Names above columns: what stands before the first answer. */
  readonly heading?: (view: View) => string;
  /** What stands between two answers. */
  readonly separator?: string;
  /** An answer, piece by piece. */
  readonly pieces?: (answer: A, view: View) => Iterable<string | Uint8Array>;
  /** What follows the last answer, or is all there is: it sees all answers, and what could not be read. */
  readonly ending?: (run: Run<A>) => string;
  /** What there is to say of an answer that has no room in it. */
  readonly asides?: (answer: A) => Aside[];
}

/** The formats of the answers to a question, each loaded when it is asked for; the first is the default. */
export type Formats<A> = Readonly<Record<string, () => Promise<Format<A>>>>;

/** Notes and diagnostics as asides; what is only informative is left out. */
export const asidesOf = (
  notes: readonly string[],
  diagnostics: readonly { readonly severity: Severity; readonly message: string }[],
): Aside[] => [
  ...notes.map((message) => ({ message })),
  ...diagnostics
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, message }) => ({ severity, message })),
];
