import { Worker } from 'node:worker_threads';

/** Inputs a thread is given ahead, so that it need not wait for the one that hands them out. */
const AHEAD = 3;

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

  ask(input: I): Promise<O> {
    return new Promise((resolve) => this.#post({ input, resolve }));
  }

  async end(): Promise<void> {
    this.#pending = [];
    await this.#worker?.terminate();
  }
}

/**
 * Has threads work on inputs; only a few are under way at once, so that memory stays flat.
 *
 * @returns the answers in the order of the inputs
 */
export async function* inThreads<I, O>(
  inputs: Iterable<I> | AsyncIterable<I>,
  count: number,
  work: Work<I, O>,
): AsyncGenerator<O> {
  const threads = Array.from({ length: count }, () => new Thread<I, O>(work));
  const answers: Promise<O>[] = [];
  let next = 0;
  try {
    for await (const input of inputs) {
      if (answers.length === count * AHEAD) {
        yield (await answers.shift()) as O;
      }
      answers.push((threads[next++ % count] as Thread<I, O>).ask(input));
    }
    for (const answer of answers) yield await answer;
  } finally {
    for (const thread of threads) await thread.end();
  }
}
