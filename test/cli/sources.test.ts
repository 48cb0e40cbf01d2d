import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { corpusNote, corpusTables } from '../support/corpus.js';
import { fixtures } from '../support/fixtures.js';
import { runDmar, runShell } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';
import { disassemble, hasTool, pipe, scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

const laptop = fixtures.find(({ name }) => name === 'laptop') as (typeof fixtures)[0];

/** The program's JSON but for where the table was read from. */
async function mapOf(bytes: Uint8Array) {
  const { stdout, stderr, status } = await runDmar(['map', '-', '--json'], { input: bytes });
  const { source, ...rest } = JSON.parse(stdout);
  return { source: { ...source, path: '' }, rest, stderr, status };
}

describe('a table in any form gives the same JSON', { timeout: 60_000 }, () => {
  const forms: [string, (bytes: Uint8Array) => Uint8Array][] = [
    ['xxd', (bytes) => pipe(bytes, 'xxd')],
    ['hexdump', (bytes) => pipe(bytes, 'hexdump', '-C')],
    ['iasl', (bytes) => Buffer.from(disassemble(bytes), 'latin1')],
    ['gzip', (bytes) => gzipSync(bytes)],
    ['xz', (bytes) => pipe(bytes, 'xz', '-c')],
    ['zstd', (bytes) => pipe(bytes, 'zstd', '-c', '-q')],
  ];
  const tables = [laptop, ...corpusTables.filter((_, i) => i % 40 === 0)];
  it.each(forms.filter(([tool]) => hasTool(tool)))(`from %s${corpusNote}`, async (_, write) => {
    for (const { name, bytes } of tables) {
      expect(await mapOf(write(bytes)), name).toEqual(await mapOf(bytes));
    }
  });
});

describe('an endless source ends with a sentence', { timeout: 60_000 }, () => {
  it.each([
    ['yes | dmar -', /Standard input holds more than 64 MiB/],
    ['cat /dev/zero | dmar -', /Standard input is nothing that holds a DMAR or IVRS table/],
    ['cat /dev/urandom | dmar -', /Standard input is nothing/],
    ['yes DMAR: RMRR base: 0x1000 end: 0x1fff | dmar - --max-size 1M', /more than 1 MiB/],
    ['(cat fixtures/laptop.dat; yes) | dmar -', /more than 64 MiB/],
    ['dmar /dev/zero', /zero is nothing/],
    ['dmar /dev/urandom', /urandom is nothing|cannot be decompressed/],
    [': | dmar -', /Standard input is empty/],
    ['dmar - <&-', /Standard input/],
  ])('%s', async (script, message) => {
    const { status, stdout, stderr } = await runShell(script);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe('several sources', () => {
  const log = path('linux.log');
  writeFileSync(log, 'DMAR: RMRR base: 0x000000bf7ec000 end: 0x000000bf7fffff\n');

  it('are answered in turn, as an array in JSON; one that is missing stops none', async () => {
    const { status, stdout, stderr } = await runDmar(['--json', laptop.path, '/none', log]);
    expect(status).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'not-found' } });
    const documents = JSON.parse(stdout);
    expect(documents.map(({ source }: { source: object }) => source)).toMatchObject([
      { path: laptop.path, kind: 'table' },
      { path: log, kind: 'linux-log' },
    ]);
    for (const document of documents) expect(schemaErrors('map', document)).toEqual([]);
  });

  it('of which one fails give the worst status, and an array even so', async () => {
    const { status, stdout } = await runDmar(['--json', '/none', laptop.path]);
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toHaveLength(1);
  });
});

describe("a kernel's log", () => {
  it('is mapped as a table with the same regions would be, and says that this is all', async () => {
    const { rest } = await mapOf(laptop.bytes);
    const lines = [...rest.entries]
      .reverse()
      .map(({ base, limit }) => `[ 0.1] DMAR: RMRR base: ${base} end: ${limit}`);
    const logged = await mapOf(Buffer.from(lines.join('\n')));
    expect(logged.status).toBe(0);
    expect(logged.source).toMatchObject({ kind: 'linux-log', sha256: null });
    expect(logged.rest.notes.join()).toMatch('only the regions it lists are known');
    const bare = ({ start_pfn, nr_pages }: Record<string, unknown>) => ({ start_pfn, nr_pages });
    expect(logged.rest.entries.map(bare)).toEqual(rest.entries.map(bare));
    expect(logged.rest.entries.every((e: { devices: string[] }) => e.devices.length === 0)).toBe(
      true,
    );
  });

  it('that tells of regions which Xen refuses says so without an offset that nobody knows', async () => {
    const text = `RMRR base: 0x1000 end: 0x2fff\nRMRR base: 0x2000 end: 0x3fff\n`;
    const { status, rest } = await mapOf(Buffer.from(text));
    expect(status).toBe(1);
    expect(rest.boot).toMatchObject({ rc: -17, vtd: 'disabled' });
    expect(JSON.stringify(rest)).not.toMatch(/at offset \d/);
    expect(
      schemaErrors('map', {
        source: {
          path: 'x',
          kind: 'linux-log',
          signature: null,
          length: null,
          sha256: null,
          completeness: 'whole',
        },
        ...rest,
      }),
    ).toEqual([]);
  });

  it.each(['show', 'build'])('holds no table for %s, which says so', async (command) => {
    const log = path('xen.log');
    writeFileSync(log, '(XEN) [VT-D] RMRR: [bf7ec000,bf7fffff]\n');
    const output = command === 'build' ? ['-o', path('out.dat')] : [];
    const { status, stdout, stderr } = await runDmar([command, log, ...output]);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/is a log of Xen.*the table itself.*is not in it/);
  });
});

it('a directory with a file a table is a source', async () => {
  mkdirSync(path('tables'));
  writeFileSync(path('tables/dmar.dat'), laptop.bytes);
  const { status, stdout } = await runDmar([path('tables'), '--json']);
  expect([status, JSON.parse(stdout).source.path]).toEqual([0, path('tables/dmar.dat')]);
});

it.each([
  ['--max-size', 'big'],
  ['--max-size', '1TiB'],
  ['--table', '0'],
])('%s %s is wrong usage', async (option, value) => {
  const { status, stderr } = await runDmar([laptop.path, option, value]);
  expect(status).toBe(2);
  expect(stderr).toMatch(option);
});
