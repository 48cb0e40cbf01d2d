import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { corpusTables } from '../support/corpus.js';
import { FIXTURES, fixtures } from '../support/fixtures.js';
import { runDmar, runShell } from '../support/program.js';

const folder = mkdtempSync(join(tmpdir(), 'dmar-build-'));
afterAll(() => rmSync(folder, { recursive: true }));

const source = join(FIXTURES, 'laptop.json');
const built = readFileSync(join(FIXTURES, 'laptop.dat'));
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('dmar build', () => {
  it('writes the table that a source describes, and says nothing', async () => {
    const output = join(folder, 'laptop.dat');
    expect(await runDmar(['build', source, '-o', output])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(readFileSync(output)).toEqual(built);
  });

  it('overwrites a file only with --force', async () => {
    const output = write('kept', 'kept');
    const refused = await runDmar(['build', source, '-o', output]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(output, 'utf8')).toBe('kept');
    expect((await runDmar(['build', source, '-o', output, '--force'])).status).toBe(0);
    expect(readFileSync(output)).toEqual(built);
  });

  it('reads standard input and writes standard output', async () => {
    const input = readFileSync(source);
    const { bytes, status } = await runDmar(['build', '-', '-o', '-'], { input });
    expect([status, bytes]).toEqual([0, built]);
  });

  it('makes the very same bytes of what show --json prints', async () => {
    for (const { path } of [...fixtures.slice(0, 3), ...corpusTables.slice(0, 3)]) {
      const { bytes } = await runShell(`dmar show --json '${path}' | dmar build - -o -`);
      expect(bytes, path).toEqual(readFileSync(path));
    }
  });

  it('sets lengths and the checksum right with --fix', async () => {
    const { bytes } = await runDmar([
      'build',
      join(FIXTURES, 'bad-checksum.json'),
      '--fix',
      '-o',
      '-',
    ]);
    expect(bytes.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
  });

  it('makes a sound table of the example in docs/tables.md', async () => {
    const page = readFileSync(join(FIXTURES, '../docs/tables.md'), 'utf8');
    const example = /```json\n(.*?"structures".*?)```/s.exec(page)?.[1] ?? '';
    const output = join(folder, 'mine.dat');
    await runDmar(['build', write('mine.json', example), '-o', output]);
    const { stdout } = await runDmar(['show', '--json', output]);
    const { header, structures, diagnostics } = JSON.parse(stdout);
    expect(diagnostics).toEqual([]);
    expect(header.oemId).toBe('MINE  ');
    expect(structures).toMatchObject([{ includePciAll: true }, { deviceScope: [{}, {}] }]);
  });

  it.each([
    ['an empty file', '', 'is not JSON'],
    ['half an object', '{\n  "structures": [,]\n}', '(line 2, column 18): value expected'],
    [
      'a missing comma',
      '{\n  "structures": []\n  "header": {}}',
      '(line 3, column 3): comma expected',
    ],
    ['no structures', '{}', 'structures must be given'],
    [
      'a typing error',
      '{"structures":[{"name":"RMRR","base":1}]}',
      'structures[0].base: There is no such key',
    ],
    ['many of them', `{"structures":[${Array(50).fill('{}').join()}]}`, 'and 40 more'],
  ])('explains %s', async (_, text, sentence) => {
    const path = write('source.json', text);
    const { status, stdout, stderr } = await runDmar(['build', path, '-o', join(folder, 'never')]);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain(`${path}`);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it.each([
    [['build', source], 2],
    [['build'], 2],
    [['build', join(folder, 'missing.json'), '-o', '-'], 3],
    [['build', '/dev/zero', '-o', '-'], 3],
    [['build', folder, '-o', '-'], 3],
    [['build', source, '-o', join(folder, 'no/such/folder')], 2],
  ])('%j ends with status %i and a sentence', async (args, expected) => {
    const { status, stdout, stderr } = await runDmar(args);
    expect([status, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(/\w/);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
