import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { runDmar, runShell } from '../support/program.js';
import { scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

/** Megabytes of heap that a run may have; a little above what the largest source that is read needs. */
const HEAP = { env: { NODE_OPTIONS: '--max-old-space-size=640' } };

const structures = (count: number) => `{"structures":[${Array(count).fill('{}').join()}]}`;

describe('dmar build keeps within bounds', () => {
  test.each([
    ['lists that never end', '['.repeat(100_000), 'not-json'],
    ['lists in lists', '['.repeat(100_000) + ']'.repeat(100_000), 'json-no-table'],
    ['ten million structures', structures(10_000_000), 'too-large'],
    ['four million structures without a name', structures(4_000_000), 'json-no-table'],
    ['a header of null', '{"header":null,"structures":[]}', 'json-no-table'],
    ['a type of null', '{"structures":[{"type":null}]}', 'json-no-table'],
  ])('of %s', async (_, json, code) => {
    const input = Buffer.from(json);
    const { status, stderr } = await runDmar(['build', '-', '-o', '-'], { input, ...HEAP });
    expect(stderr).not.toMatch(/\n {4}at |heap/);
    expect(status).toBe(3);
    const told = await runDmar(['build', '-', '-o', '-', '--json'], { input, ...HEAP });
    if (told.status === 3) expect(JSON.parse(told.stderr).error.code).toBe(code);
  });
});

test('the most structures that are decoded, in as few bytes as can be, fit a heap of 1 GiB', async () => {
  const bytes = Buffer.alloc(2 ** 21, Buffer.from([99, 0, 4, 0]));
  readFileSync('fixtures/laptop.dat').copy(bytes, 0, 0, 48);
  bytes.writeUInt32LE(bytes.length, 4);
  const env = { NODE_OPTIONS: '--max-old-space-size=1024' };
  const { status, stderr } = await runDmar(['scan', '-', '-q'], { input: bytes, env });
  expect([status, stderr]).toEqual([0, '']);
});

describe('standard input', () => {
  test('may be a directory, and is told to be one', async () => {
    const { status, stderr } = await runShell(`dmar map - < '${path('')}'`);
    expect(stderr).toMatch(/^dmar: Standard input is a directory/);
    expect(status).toBe(3);
  });

  test('may be what scan reads, or the archive of a host', async () => {
    const scanned = await runShell('dmar scan - -q < fixtures/laptop.dat');
    expect(JSON.parse(scanned.stdout).source.signature).toBe('DMAR');
    const host = await runShell('dmar map --root - --json < fixtures/rack-server-host.tar.gz');
    expect(JSON.parse(host.stdout).source.signature).toBe('DMAR');
  });
});

describe('a path', () => {
  test.each([
    ['a link to itself', () => symlinkSync('self', path('self')), 'self'],
    ['a link to a name that is too long', () => symlinkSync('a'.repeat(300), path('long')), 'long'],
    ['longer than a path can be', () => {}, `${'a/'.repeat(3000)}x`],
    ['behind a file', () => writeFileSync(path('file'), ''), 'file/below'],
  ])('that is %s ends in a sentence', async (_, make, name) => {
    make();
    for (const command of ['map', 'check', 'show', 'scan']) {
      const { status, stderr } = await runDmar([command, path(name)]);
      expect(stderr).not.toMatch(/\n {4}at /);
      expect(status).toBe(3);
    }
  });

  test('below a directory costs scan nothing else', async () => {
    const folder = path('folder');
    mkdirSync(folder);
    symlinkSync('self', `${folder}/self`);
    symlinkSync('a'.repeat(300), `${folder}/long`);
    const script = `cp fixtures/laptop.dat '${folder}/z.dat'; cp fixtures/laptop.dat '${folder}/caf'$'\\xe9'
      dmar scan -q '${folder}'`;
    const lines = (await runShell(script)).stdout.trimEnd().split('\n');
    const codes = lines.map((line) => JSON.parse(line).error?.code ?? 'table');
    expect(codes.sort()).toEqual(['not-found', 'not-found', 'table', 'table']);
    expect(lines.join('\n')).toContain('caf\ufffd');
  });
});
