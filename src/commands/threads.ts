import { Worker } from 'node:worker_threads';

/** Inputs a thread is given ahead, so that it need not wait for the one that hands them out. */
const AHEAD = 3;

/** Answers that may wait for one before them, for each thread: more would be memory, fewer would leave threads idle. */
const WAITING = 8;

/** What threads do, and what is done where one dies of its work. */
export interface Work<I, O> {
  /** What tells the program, started again in a thread, to answer each message with one, in order. */
  readonly argv: string[];
  /** What each thread is given. */
  readonly workerData: unknown;
  /** Inputs whose answers together are the answer to this one; itself alone where it cannot be divided. */
  readonly divide: (input: I) => readonly I[];
  readonly join: (outputs: readonly O[]) => O;
  /** The answer to an input that threads die of and that cannot be divided. */
  readonly lost: (input: I, error: Error) => O;
  /** Answers in this thread, which works along; null for an input that it must not die of. */
  readonly here: (input: I) => Promise<O> | null;
}

interface Pending<I, O> {
  readonly input: I;
  readonly resolve: (output: O | Promise<O>) => void;
}

/**
 * A thread that answers each message with one, in order. Where it dies, another takes its place, and the
 * input that it died of is divided until it is known what to do without.
 */
class Thread<I, O> {
  #worker: Worker | null = null;
  #pending: Pending<I, O>[] = [];

  constructor(readonly work: Work<I, O>) {}

  #start(): Worker {
    const { argv, workerData } = this.work;
    // The program itself, for it may be a single file.
    const worker = new Worker(process.argv[1] as string, { argv, workerData });
    worker.on('message', (output: O) => this.#pending.shift()?.resolve(output));
    let cause = new Error('its thread ended');
    worker.on('error', (error: Error) => {
      cause = error;
    });
    // Not sooner: answers may be on their way still where the error is known already.
    worker.on('exit', () => this.#goOn(cause));
    return worker;
  }

  #goOn(error: Error): void {
    const [guilty, ...innocent] = this.#pending.splice(0);
    this.#worker = null;
    if (guilty === undefined) return;
    for (const pending of innocent) this.#post(pending);
    const { divide, join, lost } = this.work;
    const parts = divide(guilty.input);
    guilty.resolve(
      parts.length > 1
        ? Promise.all(parts.map((part) => this.ask(part))).then(join)
        : lost(guilty.input, error),
    );
  }

  #post(pending: Pending<I, O>): void {
    this.#pending.push(pending);
    this.#worker ??= this.#start();
    this.#worker.postMessage(pending.input);
  }

  /** Whether it has less to do than it could be given. */
  get isFree(): boolean {
    return this.#pending.length < AHEAD;
  }

  ask(input: I): Promise<O> {
    return new Promise((resolve) => this.#post({ input, resolve }));
  }

  async end(): Promise<void> {
    this.#pending = [];
    await this.#worker?.terminate();
  }
}

/** An answer in the order of the inputs, which may be there before those ahead of it. */
class Answer<O> {
  output: { readonly value: O } | null = null;

  constructor(readonly promise: Promise<O>) {
    promise.then(
      (value) => {
        this.output = { value };
      },
      // Whoever waits for it is told.
      () => {},
    );
  }
}

/** Lets what other threads have sent come in. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Has threads work on inputs, and this one beside them; only a few are under way at once, so that memory stays flat.
 *
 * @param count threads beside this one
 * @returns the answers in the order of the inputs
 */
export async function* inThreads<I, O>(
  inputs: Iterable<I> | AsyncIterable<I>,
  count: number,
  work: Work<I, O>,
): AsyncGenerator<O> {
  const threads = Array.from({ length: count }, () => new Thread<I, O>(work));
  const answers: Answer<O>[] = [];
  try {
    for await (const input of inputs) {
      let asked: Promise<O> | null = null;
      while (asked === null) {
        const isWaiting = answers.length >= count * WAITING;
        const thread = isWaiting ? undefined : threads.find(({ isFree }) => isFree);
        asked = thread?.ask(input) ?? (isWaiting ? null : work.here(input));
        if (asked === null || thread === undefined) {
          // Of what it works on itself, the answer is there when it is done.
          await (asked ?? answers[0]?.promise);
          await turn();
        }
        if (asked !== null) answers.push(new Answer(asked));
        for (let first = answers[0]; first?.output; first = answers[0]) {
          yield first.output.value;
          answers.shift();
        }
      }
    }
    for (const { promise } of answers) yield await promise;
  } finally {
    for (const thread of threads) await thread.end();
  }
}
