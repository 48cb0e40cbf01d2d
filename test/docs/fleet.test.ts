import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runDmar } from '../support/program.js';
import { hasTool, scratch } from '../support/tools.js';

const ROOT = join(import.meta.dirname, '../..');
const { path, dispose } = scratch();
afterAll(dispose);

/** A folder in which `dmar` is the program, for recipes that run it. */
const bin = path('bin');
mkdirSync(bin);
writeFileSync(
  join(bin, 'dmar'),
  `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'bin/dmar.js')}' "$@"\n`,
  { mode: 0o755 },
);
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, HOME: path('home') };
mkdirSync(env.HOME);

test.skipIf(!hasTool('ansible-playbook'))(
  'the playbook collects archives that scan reads',
  async () => {
    const work = path('fleet');
    mkdirSync(work);
    const args = ['-i', 'localhost,', '-c', 'local', '-e', 'collect_become=false'];
    execFileSync('ansible-playbook', [...args, join(ROOT, 'examples/fleet/collect.yml')], {
      cwd: work,
      env: { ...env, PWD: work },
      stdio: 'pipe',
    });
    const archive = join(work, 'archives/localhost.tar.gz');
    expect(existsSync(archive)).toBe(true);
    expect(readFileSync(archive).subarray(0, 2).toString('hex')).toBe('1f8b');
    const { stdout } = await runDmar(['scan', join(work, 'archives')]);
    // This machine may have no table; then that is what the line says.
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).path),
    ).toEqual([archive]);
  },
);

test.skipIf(!hasTool('parallel'))(
  'GNU parallel hands lists of names to scan',
  async () => {
    const work = path('parallel');
    mkdirSync(join(work, 'tables'), { recursive: true });
    for (let i = 0; i < 40; i++) {
      cpSync(join(ROOT, 'fixtures/laptop.dat'), join(work, 'tables', `${i}.dat`));
    }
    const readme = readFileSync(join(ROOT, 'examples/fleet/README.md'), 'utf8');
    const [line = ''] = /^find .*parallel.*$/m.exec(readme) ?? [];
    // Small blocks, so that more than one dmar is given a list.
    const command = line.replace('--pipe', '--pipe --block 300');
    execFileSync('sh', ['-c', command], { cwd: work, env, stdio: 'pipe' });
    const linesOf = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((one) => JSON.parse(one).path)
        .sort();
    const found = linesOf(readFileSync(join(work, 'tables.ndjson'), 'utf8'));
    expect(found).toHaveLength(40);
    const { stdout } = await runDmar(['scan', join(work, 'tables')]);
    expect(found.map((one) => join(work, one))).toEqual(linesOf(stdout));
  },
  120_000,
);

describe('the questions', () => {
  test('are answered by DuckDB over what scan prints', async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const work = path('questions');
    mkdirSync(work);
    cpSync(join(ROOT, 'fixtures/laptop.dat'), join(work, 'a.dat'));
    cpSync(join(ROOT, 'fixtures/laptop.dat'), join(work, 'b.dat'));
    cpSync(join(ROOT, 'fixtures/overlapping-rmrrs.dat'), join(work, 'c.dat'));
    const { stdout } = await runDmar(['scan', work]);
    writeFileSync(join(work, 'tables.ndjson'), stdout);
    const sql = readFileSync(join(ROOT, 'examples/fleet/questions.sql'), 'utf8').replace(
      'tables.ndjson',
      join(work, 'tables.ndjson'),
    );
    const connection = await (await DuckDBInstance.create()).connect();
    const answers: unknown[][] = [];
    for (const statement of sql.replace(/^--.*$/gm, '').split(';')) {
      if (statement.trim() === '') continue;
      const reader = await connection.runAndReadAll(statement);
      answers.push(reader.getRowObjects());
    }
    const [, tables = [], rules = [], pages = []] = answers;
    expect(tables).toMatchObject([
      { vtd: 'enabled', hosts: 2n },
      { vtd: 'disabled', hosts: 1n },
    ]);
    expect(rules).toContainEqual({ rule: 'rmrr-overlap', severity: 'error', tables: 1n });
    expect(pages).toHaveLength(1);
    connection.closeSync();
  });
});
