import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/base/failure.js';
import { readPlainLine } from '../../src/commands/command-line.js';
import { COMMANDS } from '../../src/commands/declarations.js';
import { readCommandLine } from '../../src/commands/program.js';

/** What matters of a command line that was understood: two readers' declarations are not the same object. */
const essence = (line: ReturnType<typeof readPlainLine>) =>
  line && { name: line.name, operands: line.operands, options: line.options };

/** What commander makes of a command line; its message where it refuses it. */
async function commanders(args: readonly string[]) {
  try {
    const line = await readCommandLine(args, true);
    return typeof line === 'object' ? essence(line) : line;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

/** Values that some option takes, and some that none does. */
const VALUES = [
  '4.17',
  'json',
  'table',
  'always',
  '0',
  '3',
  '0x10',
  '64MiB',
  '00:1d.0',
  'a,b',
  '',
  '-5',
  '--json',
];

/** Words that a command line may be made of: every option in every spelling, values, operands. */
function wordsOf(name: string): fc.Arbitrary<readonly string[]> {
  const flags = COMMANDS[name]?.().options.flatMap(({ flags }) => flags.split(' ')[0] ?? []) ?? [];
  const long =
    COMMANDS[name]?.().options.flatMap(({ flags }) => /--\S+/.exec(flags)?.[0] ?? []) ?? [];
  const flag = fc.constantFrom(...flags.map((flag) => flag.replace(',', '')), ...long);
  const value = fc.constantFrom(...VALUES);
  return fc.oneof(
    { weight: 3, arbitrary: fc.tuple(flag, value).map((pair) => [...pair]) },
    { weight: 3, arbitrary: flag.map((word) => [word]) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('x.dat', '-', 'map', 'diff', 'old new', 'é').map((word) => [word]),
    },
    fc.tuple(fc.constantFrom(...long), value).map(([word, text]) => [`${word}=${text}`]),
    fc.tuple(fc.constantFrom('-f', '-q', '-o', '-qf'), value).map(([word, text]) => [word + text]),
    fc.constantFrom(['--'], ['--nonsense'], ['-5'], ['--no-json'], ['--x='], ['--js']),
  );
}

describe('a plain command line', () => {
  it.each(Object.keys(COMMANDS))(
    'of %s is read as commander reads it, or left to it',
    async (name) => {
      const line = fc
        .array(wordsOf(name), { maxLength: 5 })
        .chain((words) => fc.constantFrom([name, ...words.flat()], words.flat()));
      await fc.assert(
        fc.asyncProperty(line, async (args) => {
          const plain = essence(readPlainLine(args));
          if (plain !== null) expect(plain).toEqual(await commanders(args));
        }),
        { numRuns: 2000 },
      );
    },
  );

  it.each([
    [[], 'map', [], {}],
    [['x.dat'], 'map', ['x.dat'], {}],
    [['map', 'a', '-', '--json'], 'map', ['a', '-'], { json: true }],
    [
      ['a', '-f', 'csv', '--no-iommu', '--nr-entries=0x10'],
      'map',
      ['a'],
      { format: 'csv', iommu: false, nrEntries: 16 },
    ],
    [['check', 'a', '--only', 'x,y', '--only', 'z'], 'check', ['a'], { only: ['x', 'y', 'z'] }],
    [['build', '-', '-o', '-'], 'build', ['-'], { output: '-' }],
    [['diff', 'a', 'b', '-q'], 'diff', ['a', 'b'], { quiet: true }],
  ])('is read without commander: %j', async (args, name, operands, options) => {
    const line = readPlainLine(args);
    expect(line).toMatchObject({ name, operands, options });
    expect(essence(line)).toEqual(await commanders(args));
  });

  it.each([
    [['--help']],
    [['--json', 'x']],
    [['map', '--help']],
    [['map', '--nonsense']],
    [['map', '-fjson']],
    [['map', '--', 'x']],
    [['map', '--nr-entries', '-1']],
    [['map', '--format', 'xml']],
    [['map', '--json=yes']],
    [['map', '--xen']],
    [['build', 'x.json']],
    [['diff', 'one']],
    [['capture', 'x', '-o', 'y']],
  ])("is not this one, which is commander's to read or to refuse: %j", (args) => {
    expect(readPlainLine(args)).toBe(null);
  });
});
