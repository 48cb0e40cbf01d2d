import { parentPort, workerData } from 'node:worker_threads';
import { type Batch, scanBatch } from './commands/scan-batch.js';

/** A thread of `dmar scan`: answers each batch with its lines, in order. */
export function run(): void {
  let last: Promise<unknown> = Promise.resolve();
  parentPort?.on('message', (batch: Batch) => {
    last = last.then(async () => {
      const result = await scanBatch(batch, workerData);
      // Bytes change hands without a copy.
      const lines = new TextEncoder().encode(result.lines as string);
      parentPort?.postMessage({ ...result, lines }, [lines.buffer]);
    });
  });
}
