import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A program and its arguments. */
export type Command = readonly string[];

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

/** Milliseconds that a command takes from start to end, its output read and dropped. */
export function timeOf([program, ...args]: Command): number {
  const start = performance.now();
  const { error } = spawnSync(program as string, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 30,
  });
  if (error) throw error;
  return performance.now() - start;
}

/**
 * Runs commands by turns, in another order each round, so that whatever else the machine does falls on
 * all alike.
 *
 * @returns of each command the median time in milliseconds, and the median of its ratio to the first
 *   command's time in the same round
 */
export function byTurns(
  commands: readonly Command[],
  rounds: number,
): { ms: number; ratio: number }[] {
  const times = commands.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < commands.length; turn++) {
      const i = (turn * (round % 2 === 0 ? 1 : commands.length - 1) + round) % commands.length;
      times[i]?.push(timeOf(commands[i] as Command));
    }
  }
  const [base] = times as [number[]];
  return times.map((own) => ({
    ms: median(own),
    ratio: median(own.map((ms, round) => ms / (base[round] as number))),
  }));
}

/** What a long run took. */
export interface Usage {
  ms: number;
  /** Most memory it held at once, in MiB; as far as was seen, looking every few milliseconds. */
  peak: number;
  status: number | null;
}

/** Milliseconds between two looks at a process's memory. */
const LOOK = 10;

/** Runs a command to its end with its output to nowhere, and watches its memory. */
export function usageOf([program, ...args]: Command): Promise<Usage> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program as string, args, { stdio: 'ignore' });
    let peak = 0;
    const watch = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        peak = Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? peak * 1024) / 1024;
      } catch {
        // It ended between two looks.
      }
    }, LOOK);
    child.on('error', reject);
    child.on('close', (status) => {
      clearInterval(watch);
      resolve({ ms: performance.now() - start, peak, status });
    });
  });
}
