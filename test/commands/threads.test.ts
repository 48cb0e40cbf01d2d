import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inThreads, type Work } from '../../src/commands/threads.js';
import { scratch } from '../support/tools.js';

const { path, dispose } = scratch();
const [, program] = process.argv;

/** A program whose threads double numbers, and die of each that is divisible by 7 as `workerData` says. */
const DOUBLING = `
import { parentPort, workerData } from 'node:worker_threads';
parentPort.on('message', (numbers) => {
  for (const number of numbers) {
    if (number % 7 !== 0) continue;
    if (workerData === 'memory') for (const all = []; ; ) all.push(new Array(1e6).fill(number));
    throw new Error('seven');
  }
  parentPort.postMessage(numbers.map((number) => 2 * number));
});`;

const work = (workerData: string): Work<number[], number[]> => ({
  argv: [],
  workerData,
  divide: (numbers) => numbers.map((number) => [number]),
  join: (parts) => parts.flat(),
  lost: (numbers) => numbers.map(() => Number.NaN),
  here: (numbers) =>
    numbers.some((number) => number % 7 === 0)
      ? null
      : Promise.resolve(numbers.map((number) => 2 * number)),
});

describe('a thread that dies', () => {
  beforeAll(() => {
    writeFileSync(path('doubling.mjs'), DOUBLING);
    process.argv[1] = path('doubling.mjs');
  });
  afterAll(() => {
    process.argv[1] = program as string;
    dispose();
  });

  const results = async (inputs: number[][], how: string) => {
    const all: number[] = [];
    for await (const output of inThreads(inputs, 2, work(how))) all.push(...output);
    return all;
  };
  const doubled = (numbers: number[]) => numbers.map((n) => (n % 7 === 0 ? Number.NaN : 2 * n));

  it('costs what it died of, and nothing else', async () => {
    const inputs = Array.from({ length: 20 }, (_, i) => [3 * i + 1, 3 * i + 2, 3 * i + 3]);
    expect(await results(inputs, 'error')).toEqual(doubled(inputs.flat()));
  });

  it('may die of too little memory', async () => {
    const inputs = [[1], [2, 7, 8], [3]];
    expect(await results(inputs, 'memory')).toEqual(doubled(inputs.flat()));
  });
});
