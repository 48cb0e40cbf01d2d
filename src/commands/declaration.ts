import type { ExitStatus } from '../base/failure.js';

/** Options that every command takes. */
export interface GlobalOptions {
  color: 'auto' | 'always' | 'never';
  quiet?: boolean;
  /** false: --no-pager. */
  pager?: boolean;
}

/** Options of the commands that read tables. */
export interface SourceOptions extends GlobalOptions {
  format: string;
  root?: string;
  /** Which table of a source that holds several, from 1. */
  table?: number;
  /** Whether a short table is the firmware's fault. */
  asIs?: boolean;
  /** Most bytes to read of a source. */
  maxSize?: number;
}

/** An option of a command. */
export interface OptionDeclaration {
  /** As commander takes them: `-f, --format <name>`, `--json`, `--no-iommu` (true unless given). */
  readonly flags: string;
  readonly about: string;
  readonly choices?: readonly string[];
  readonly default?: string;
  /** Whether the command cannot do without it. */
  readonly required?: true;
  /**
   * Makes the value of the word.
   *
   * @param before what an earlier use of the option made
   * @throws RangeError for a word that will not do; its message is a sentence for a person
   */
  readonly parse?: (word: string, before: unknown) => unknown;
}

/** What a command's module exports: does the work, answers with the exit status. */
export type Run = (operands: string[], options: never) => Promise<ExitStatus>;

/** A command: what it takes, and where its code is. */
export interface CommandDeclaration {
  readonly about: string;
  /** What a manual says beyond that, a paragraph each. */
  readonly description?: readonly string[];
  /** Command lines, and what each does. */
  readonly examples?: readonly (readonly [command: string, what: string])[];
  /** Each operand as commander takes it, `<old>` or `[source...]`, and what it is. */
  readonly operands: readonly (readonly [name: string, about: string])[];
  readonly options: readonly OptionDeclaration[];
  /** What its exit statuses mean, 2 aside, which is wrong usage everywhere. */
  readonly status?: Readonly<Partial<Record<0 | 1 | 3, string>>>;
  /** Loads the module; only what runs is loaded. */
  readonly load: () => Promise<{ run: Run }>;
}

/** Commands by name, each made when it is asked for. */
export type Commands = Readonly<Record<string, () => CommandDeclaration>>;
