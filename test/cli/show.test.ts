import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corpusNote, corpusTables } from '../support/corpus.js';
import { FIXTURES, fixtures } from '../support/fixtures.js';
import { runDmar, runShell } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

const laptop = join(FIXTURES, 'laptop.dat');
const rackServer = join(FIXTURES, 'rack-server.dat');

describe('dmar show --json', () => {
  it('keeps the contract and its schema for every fixture', async () => {
    const { stdout, status } = await runDmar(['show', '--json', ...fixtures.map((f) => f.path)]);
    expect(status).toBe(0);
    const documents = JSON.parse(stdout);
    expect(documents).toHaveLength(fixtures.length);
    for (const document of documents) {
      expect(schemaErrors('show', document), document.source.path).toEqual([]);
    }
    expect(Object.keys(documents[0])).toEqual([
      'source',
      'header',
      'structures',
      'diagnostics',
      'notes',
      'format_version',
    ]);
  });

  it.skipIf(corpusTables.length === 0)(`keeps its schema for the corpus${corpusNote}`, async () => {
    const paths = corpusTables.map(({ path }) => path);
    const { stdout } = await runDmar(['show', '--json', ...paths]);
    expect(
      JSON.parse(stdout).flatMap((document: unknown) => schemaErrors('show', document)),
    ).toEqual([]);
  });
});

describe('dmar show as text', () => {
  it('names every field with its meaning, within 80 columns and without colour when piped', async () => {
    const { stdout, stderr, status } = await runDmar(['show', laptop], { env: { COLUMNS: '80' } });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ {2}hostAddressWidth {5}38 \(0x26\) +39 bits$/m);
    expect(stdout).toMatch(/^ {2}flags +0x05 +INTR_REMAP,\s+DMA_CTRL_PLATFORM_OPT_IN_FLAG$/m);
    expect(stdout).toMatch(/^ {2}limitAddress +0x00000000cfffffff +last byte of 40 MiB$/m);
    expect(stdout).toMatch(/^ {4}PCI endpoint 0000:00:14\.0$/m);
    expect(stdout).toMatch(/^ {2}checksum +\d+ \(0x[0-9a-f]+\) +right$/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('\x1b');
  });

  it('says of a wrong checksum which would be right', async () => {
    const { stdout } = await runDmar(['show', join(FIXTURES, 'bad-checksum.dat')]);
    const right = /wrong, (0x[0-9a-f]{2}) would be right/.exec(stdout)?.[1];
    const bytes = readFileSync(join(FIXTURES, 'bad-checksum.dat'));
    bytes[9] = Number(right);
    expect(bytes.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
  });

  it('says once that paths over bridges are unresolved', async () => {
    const { stdout } = await runDmar(['show', rackServer]);
    expect(stdout).toContain(
      'Each of 67 devices is named by a path over bridges, as 0000:00:02.2/00.0',
    );
    const host = join(FIXTURES, 'rack-server-host');
    const resolved = await runDmar(['show', '--json', '--root', host]);
    const { notes, structures } = JSON.parse(resolved.stdout);
    expect(notes.join(' ')).not.toContain('over bridges');
    expect(structures.at(-1).deviceScope.at(-1)).toMatchObject({
      path: [
        [0x1c, 7],
        [0, 4],
      ],
      device: '0000:01:00.4',
    });
  });

  it('prefixes offset and bytes with --hex: together they are the table', async () => {
    for (const { path, bytes, name } of fixtures.slice(-4)) {
      const { stdout } = await runDmar(['show', '--hex', path], { env: { COLUMNS: '80' } });
      const rows = [...stdout.matchAll(/^([0-9a-f]{4}) {2}((?:[0-9a-f]{2} ){0,7}[0-9a-f]{2})/gm)];
      let end = 0;
      for (const [, offset = '', hex = ''] of rows) {
        expect(Number.parseInt(offset, 16), name).toBe(end);
        end += hex.split(' ').length;
      }
      const all = rows.map(([, , hex = '']) => hex.replaceAll(' ', '')).join('');
      expect(all, name).toBe(Buffer.from(bytes).toString('hex'));
    }
  });

  it.each([
    [['--color', 'always'], {}, true],
    [[], { FORCE_COLOR: '1' }, true],
    [['--color', 'never'], { FORCE_COLOR: '1' }, false],
    [[], { NO_COLOR: '1' }, false],
  ])('colours with %j and %j: %s', async (args, env, colored) => {
    const { stdout } = await runDmar(['show', laptop, ...args], { env });
    expect(stdout.includes('\x1b[')).toBe(colored);
  });

  it('stops without a word when its reader does', async () => {
    const { stdout, stderr } = await runShell(
      `dmar show --hex ${Array(200).fill(rackServer).join(' ')} | head -1`,
    );
    expect(stdout).toBe(
      'fixtures/rack-server.dat: 1018 bytes, signature DMAR\n'.replace(/^.*?:/, `${rackServer}:`),
    );
    expect(stderr).toBe('');
  });
});

describe('dmar show in lines', () => {
  it('is a structure a line as ndjson, and what is wrong on standard error', async () => {
    const path = join(FIXTURES, 'truncated.dat');
    const { stdout, stderr, status } = await runDmar(['show', '-f', 'ndjson', path]);
    const names = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).name);
    expect(names).toEqual(['DRHD', 'DRHD', 'RMRR', 'RMRR']);
    expect(stderr).toContain('the table ends after 24');
    expect(status).toBe(0);
    expect((await runDmar(['show', '-f', 'ndjson', '-q', path])).stderr).toBe('');
  });

  it('is a structure a line as csv, under one heading', async () => {
    const { stdout } = await runDmar(['show', '-f', 'csv', laptop, laptop]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 2 * 4);
    expect(lines[0]).toMatch(/^source,offset,type,name,/);
    expect(lines[3]).toBe(
      `${laptop},104,1,RMRR,32,0,,,0x00000000bf7e8000,0x00000000bf7f7fff,0000:00:14.0`,
    );
  });
});
