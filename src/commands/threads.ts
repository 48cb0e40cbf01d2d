import { Worker } from 'node:worker_threads';

/** Inputs a thread is given ahead, so that it need not wait for the one that hands them out. */
const AHEAD = 3;

interface Pending<O> {
  resolve(output: O): void;
  reject(error: Error): void;
}

/** A thread that answers each message with one, in order. */
class Thread<I, O> {
  readonly #worker: Worker;
  readonly #pending: Pending<O>[] = [];

  constructor(argv: string[], workerData: unknown) {
    // The program itself, for it may be a single file.
    this.#worker = new Worker(process.argv[1] as string, { argv, workerData });
    this.#worker.on('message', (output: O) => this.#pending.shift()?.resolve(output));
    this.#worker.on('error', (error: Error) => {
      for (const { reject } of this.#pending.splice(0)) reject(error);
    });
  }

  ask(input: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#worker.postMessage(input);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/**
 * Has threads work on inputs; only a few are under way at once, so that memory stays flat.
 *
 * @param argv what tells the program, started again in a thread, to answer each message with one, in order
 * @param workerData what each thread is given
 * @returns the answers in the order of the inputs
 */
export async function* inThreads<I, O>(
  inputs: Iterable<I>,
  count: number,
  argv: string[],
  workerData: unknown,
): AsyncGenerator<O> {
  const threads = Array.from({ length: count }, () => new Thread<I, O>(argv, workerData));
  const answers: Promise<O>[] = [];
  let next = 0;
  try {
    for (const input of inputs) {
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
