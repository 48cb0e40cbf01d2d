import { describe, expect, it } from 'vitest';
import { corpusIvrs } from '../support/corpus.js';
import { ivrsFixtures } from '../support/fixtures.js';
import { runDmar } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

const tables = [...ivrsFixtures, ...corpusIvrs.filter((_, i) => i % 30 === 0)];

describe.each(tables)('the IVRS table $name', ({ path }) => {
  it.each([
    ['show', ['--json']],
    ['check', ['--json']],
    ['diff', ['fixtures/ivrs/desktop.dat', '--json']],
  ])('%s prints a document of its schema', async (command, options) => {
    const { stdout } = await runDmar([command, path, ...options]);
    expect(schemaErrors(command, JSON.parse(stdout))).toEqual([]);
  });
});

it('scan prints a line of its schema for each', async () => {
  const { stdout } = await runDmar(['scan', 'fixtures/ivrs']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(ivrsFixtures.length);
  for (const line of lines) expect(schemaErrors('scan', JSON.parse(line))).toEqual([]);
});
