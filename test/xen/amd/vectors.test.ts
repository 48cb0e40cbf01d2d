import { describe, expect, it } from 'vitest';
import {
  type AmdBooted,
  type AmdCase,
  amdVectorFolders,
  answerAmd,
  answerBooted,
  expectedAmd,
  expectedBooted,
  familyOf,
  readAmdCases,
} from '../../support/amd-vectors.js';

/** Milliseconds: a folder may hold many more cases than the project's own. */
const TIMEOUT = 900_000;

/** Compares all cases, counts by release and family, and answers those that differ. */
function compareAll<C extends { name: string; release: string }, I extends { test: C }>(
  inputs: readonly I[],
  answer: (input: I) => unknown,
  expected: (input: I) => unknown,
): { counts: Map<string, { compared: number; wrong: number }>; wrong: I[] } {
  const counts = new Map<string, { compared: number; wrong: number }>();
  const wrong: I[] = [];
  for (const input of inputs) {
    const key = `${input.test.release} ${familyOf(input.test.name)}`;
    const count = counts.get(key) ?? { compared: 0, wrong: 0 };
    counts.set(key, count);
    count.compared++;
    let same = false;
    try {
      same = equals(answer(input), expected(input));
    } catch {
      // A case that cannot be put to the model is one that disagrees.
    }
    if (!same) {
      count.wrong++;
      wrong.push(input);
    }
  }
  return { counts, wrong };
}

/** Equal but for what is not expected; quicker than the test's own for answers of 65,536 entries. */
const equals = (got: unknown, want: unknown): boolean =>
  JSON.stringify(sorted(got)) === JSON.stringify(sorted(want));

const sorted = (value: unknown) =>
  value instanceof Object ? Object.fromEntries(Object.entries(value).sort()) : value;

function report(
  folder: string,
  kind: string,
  counts: ReadonlyMap<string, { compared: number; wrong: number }>,
): void {
  const releases = new Map<string, string[]>();
  for (const [key, { compared, wrong }] of counts) {
    const [release = '', family = ''] = key.split(' ');
    const line = `${family} ${compared}${wrong === 0 ? '' : ` (${wrong} wrong)`}`;
    releases.set(release, [...(releases.get(release) ?? []), line]);
  }
  for (const [release, families] of releases) {
    console.log(`${folder} ${kind} ${release}: ${families.join(', ')}`);
  }
}

/** Counts, then fails on the first case that disagrees. */
function expectAll<C extends { name: string; release: string }, I extends { test: C }>(
  folder: string,
  kind: string,
  inputs: readonly I[],
  answer: (input: I) => unknown,
  expected: (input: I) => unknown,
): void {
  const { counts, wrong } = compareAll(inputs, answer, expected);
  report(folder, kind, counts);
  expect(inputs.length).toBeGreaterThan(0);
  const [first] = wrong;
  if (first !== undefined) {
    const { release, name } = first.test;
    expect(answer(first), `${wrong.length} disagree, the first: ${release} ${name}`).toEqual(
      expected(first),
    );
    throw new Error(`${release} ${name} cannot be put to the model`);
  }
}

describe.each(amdVectorFolders())('AMD vectors in %s', (folder) => {
  it(
    "the model answers as Xen's own functions did",
    () => {
      const inputs = readAmdCases<AmdCase>(folder, 'source');
      expectAll(folder, 'source', inputs, answerAmd, expectedAmd);
    },
    TIMEOUT,
  );

  it(
    'the model answers as booted hypervisors did',
    () => {
      const inputs = readAmdCases<AmdBooted>(folder, 'booted');
      expectAll(folder, 'booted', inputs, answerBooted, expectedBooted);
    },
    TIMEOUT,
  );
});

describe('the runner itself', () => {
  it(
    'notices every one of the values that are altered',
    () => {
      const [folder = ''] = amdVectorFolders();
      const inputs = readAmdCases<AmdCase>(folder, 'source').slice(0, 400);
      const altered = inputs.filter((_, i) => i % 10 === 0);
      for (const { test } of altered) alter(test.expected);
      const { wrong } = compareAll(inputs, answerAmd, expectedAmd);
      expect(wrong.map(({ test }) => test.name)).toEqual(altered.map(({ test }) => test.name));
    },
    TIMEOUT,
  );
});

/** Changes one value that a case expects. */
function alter(expected: AmdCase['expected']): void {
  const [entry] = expected.entries ?? [];
  if (expected.outcome !== 'ok') expected.outcome = 'ok';
  else if (entry !== undefined) entry.nr_pages += '0';
  else expected.nr_entries += '1';
}
