import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDmar, runShell } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

const FIXTURE = 'fixtures/laptop.dat';

interface Line {
  path: string;
  error?: { code: string };
  entries?: unknown[];
  findings?: { rule: string }[];
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe('dmar scan', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dmar-scan-'));
    mkdirSync(join(folder, 'a'));
    for (const name of ['a/z.dat', 'a.dat', 'a-b', 'c.dat', 'a/10', 'a/9']) {
      cpSync(FIXTURE, join(folder, name));
    }
    writeFileSync(join(folder, 'notes.txt'), 'nothing to see');
    writeFileSync(join(folder, 'empty'), '');
    symlinkSync('..', join(folder, 'a/loop'));
    symlinkSync('nowhere', join(folder, 'dangling'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('prints a line for each table, in the order of the paths', async () => {
    const { status, stdout, stderr } = await runDmar(['scan', folder]);
    expect(status).toBe(0);
    const paths = linesOf(stdout).map(({ path }) => path.slice(folder.length + 1));
    expect(paths).toEqual(['a-b', 'a.dat', 'a/10', 'a/9', 'a/z.dat', 'c.dat']);
    expect(paths).toEqual([...paths].sort());
    expect(stderr).toBe('dmar: 6 tables found; 2 other files hold no table.\n');
  });

  test('tells of each table what map and check tell of it, as the schema says', async () => {
    const { stdout } = await runDmar(['scan', 'fixtures', '-q']);
    const lines = linesOf(stdout);
    const tables = readdirSync('fixtures').filter((name) => name.endsWith('.dat'));
    expect(lines.map(({ path }) => path)).toEqual(
      expect.arrayContaining(tables.map((name) => `fixtures/${name}`)),
    );
    for (const line of lines) {
      expect(schemaErrors('scan', line)).toEqual([]);
      const map = JSON.parse((await runDmar(['map', line.path, '--json', '-q'])).stdout);
      const check = JSON.parse((await runDmar(['check', line.path, '--json', '-q'])).stdout);
      expect(line.entries).toEqual(map.entries);
      expect(line.findings).toEqual(check.findings);
    }
  }, 60_000);

  test('makes a line of what cannot be read, and goes on', async () => {
    const { status, stdout, stderr } = await runDmar(['scan', join(folder, 'none'), FIXTURE]);
    expect(status).toBe(0);
    const [missing, found] = linesOf(stdout);
    expect(missing?.error?.code).toBe('not-found');
    expect(schemaErrors('scan', missing)).toEqual([]);
    expect(found?.path).toBe(FIXTURE);
    expect(stderr).toBe('dmar: 1 table found; 1 path could not be read.\n');
  });

  test.skipIf(process.getuid?.() === 0 && 'root may read everything')(
    'makes a line of a directory it may not read',
    async () => {
      const closed = join(folder, 'closed');
      mkdirSync(closed);
      chmodSync(closed, 0);
      const { stdout } = await runDmar(['scan', closed]);
      expect(linesOf(stdout)[0]?.error?.code).toBe('not-permitted');
    },
  );

  test('says of a file that is named and holds no table what it is', async () => {
    const { status, stdout } = await runDmar(['scan', join(folder, 'notes.txt')]);
    expect(status).toBe(3);
    expect(linesOf(stdout)[0]?.error?.code).toBe('not-a-table');
  });

  test('answers thousands of files from several threads as it does a few', async () => {
    const many = join(folder, 'many');
    mkdirSync(many);
    for (let i = 0; i < 1500; i++) cpSync(FIXTURE, join(many, String(i).padStart(4, '0')));
    const { stdout } = await runDmar(['scan', many, join(folder, 'none')]);
    rmSync(many, { recursive: true });
    const lines = linesOf(stdout);
    expect(lines.pop()?.error?.code).toBe('not-found');
    expect(lines.map(({ path }) => path.slice(-4))).toEqual(
      Array.from({ length: 1500 }, (_, i) => String(i).padStart(4, '0')),
    );
    const [first] = linesOf((await runDmar(['scan', FIXTURE])).stdout);
    expect(lines.every(({ entries }) => entries?.length === first?.entries?.length)).toBe(true);
  }, 60_000);

  test('stops when its reader does', async () => {
    const { stdout, stderr } = await runShell(`dmar scan fixtures -q | head -n 1`);
    expect(linesOf(stdout).length).toBe(1);
    expect(stderr).toBe('');
  });

  // Not everywhere is there a terminal to be had.
  test.skipIf(spawnSync('script', ['-qec', 'true', '/dev/null']).status !== 0)(
    'shows its progress on a terminal only',
    async () => {
      const { stdout } = await runShell(
        // script runs its command in $SHELL, and only bash knows an exported function.
        `export -f dmar; SHELL=$BASH script -qec "dmar scan fixtures 2>&1 >/dev/null" /dev/null`,
      );
      expect(stdout).toContain('files');
    },
  );
});
