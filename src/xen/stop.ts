/** How a hypervisor ends that does not come up, or goes down while it is asked. */
export type StopOutcome = 'panic' | 'bug' | 'hang';

/** The hypervisor stopped: where, and why. */
export interface Stop {
  /** `panic` where it says why, `bug` on an assertion or a page fault, `hang` in an endless loop. */
  readonly outcome: StopOutcome;
  /** `call`: it came up, and stops when it is asked for its reserved regions. */
  readonly phase: 'boot' | 'call';
  /** Why, as the end of a sentence. */
  readonly why: string;
}

/** The hypervisor ran into one of its own assertions, a page fault or an endless loop. */
export class HypervisorStop extends Error {
  /** @param why as the end of a sentence */
  constructor(
    readonly outcome: 'bug' | 'hang',
    why: string,
  ) {
    super(why);
  }
}

/** The structure on which a driver gave its table up. */
export interface ParseFailure {
  /** Negative errno. */
  readonly rc: number;
  /** Of the structure in the table, in bytes. */
  readonly offset: number;
  readonly length: number;
  readonly message: string;
}
