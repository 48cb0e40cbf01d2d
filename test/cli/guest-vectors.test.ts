import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { rmrrTable } from '../support/guest-answers.js';
import {
  type GuestExpectation,
  guestVectorFolders,
  type LayoutVector,
  readGuestVectors,
  type XlVector,
} from '../support/guest-vectors.js';
import { runDmar } from '../support/program.js';

/**
 * Guests that go through the program where not all do: it takes a process each. All go through the library
 * in any case. `npm run test:vectors` has all of them go through the program.
 */
const SPREAD = process.env.DMAR_ALL_VECTORS ? Number.POSITIVE_INFINITY : 30;

const folder = mkdtempSync(join(tmpdir(), 'dmar-guests-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Some of the vectors, spread evenly. */
const spread = <V>(vectors: readonly V[]): V[] => {
  const step = Math.max(1, vectors.length / SPREAD);
  return vectors.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
};

const argsOf = (vector: LayoutVector | XlVector, file: string): string[] => {
  const { input } = vector;
  if ('config' in input) {
    writeFileSync(`${file}.cfg`, input.config);
    return ['--config', `${file}.cfg`];
  }
  const { memory, mmio_hole, rdm, rdm_mem_boundary, hap, pci } = input;
  return [
    ...['--memory', `${memory}`],
    ...(mmio_hole === null ? [] : ['--mmio-hole', `${mmio_hole}`]),
    ...(rdm_mem_boundary === null ? [] : ['--rdm-mem-boundary', `${rdm_mem_boundary}`]),
    ...['--rdm', `strategy=${rdm.strategy}${rdm.policy === null ? '' : `,policy=${rdm.policy}`}`],
    ...pci.flatMap(({ device, rdm_policy }) => [
      '--pci',
      rdm_policy === null ? device : `${device},rdm_policy=${rdm_policy}`,
    ]),
    ...(hap ? [] : ['--no-hap']),
  ];
};

let files = 0;

/** What the program says of a guest, in the vector's own form, and its exit status. */
async function answerFor(
  vector: LayoutVector | XlVector,
): Promise<GuestExpectation & { status: number | null }> {
  const { input, release, expected } = vector;
  const file = join(folder, `${files++}`);
  writeFileSync(file, rmrrTable(input.rmrrs));
  const args = ['guest', file, '--json', '--xen', release, ...argsOf(vector, file)];
  const { status, stdout } = await runDmar(args);
  const { created, refusal, assign, memory, regions, e820 } = JSON.parse(stdout);
  const fateOf = ({ fate }: { fate: string }) => fate === 'exposed' || fate === 'ram-moved';
  return {
    status,
    created,
    refusal,
    conflict:
      refusal === 'rdm-conflict'
        ? regions.find(({ fate }: { fate: string }) => fate === 'refused').base
        : null,
    assign,
    memory: expected.memory === null ? null : memory,
    regions:
      expected.regions === null
        ? null
        : regions.map((region: { base: string; nr_pages: number; fate: string }) => ({
            start: region.base,
            size: region.nr_pages * 4096,
            exposed: fateOf(region),
          })),
    e820: e820.map(({ base, size, type }: GuestExpectation['e820'][number]) => ({
      base,
      size,
      type,
    })),
  };
}

/** As many at a time as there are processors. */
async function differing(vectors: readonly (LayoutVector | XlVector)[]): Promise<string[]> {
  const wrong: string[] = [];
  const queue = vectors.values();
  const work = async () => {
    for (const vector of queue) {
      const answer = await answerFor(vector);
      const expected = { status: vector.expected.created ? 0 : 1, ...vector.expected };
      try {
        expect(answer).toEqual(expected);
      } catch (error) {
        wrong.push(`${vector.name}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return wrong;
}

describe.each(guestVectorFolders())('guests of %s, through the program', (from) => {
  it.each(['layout.jsonl', 'xl.jsonl'])('%s', async (name) => {
    const vectors = spread(readGuestVectors<LayoutVector | XlVector>(from, name));
    console.log(`${name}: ${vectors.length} guests compared`);
    expect(await differing(vectors)).toEqual([]);
    expect(vectors.length).toBeGreaterThan(0);
  });
});
