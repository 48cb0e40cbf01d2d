import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runDmar } from '../support/program.js';

describe.skipIf(process.env.DMAR_BIN)('bytecode kept from earlier runs', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'dmar-cache-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const run = (cache: string, ...args: string[]) =>
    runDmar(args, { env: { XDG_CACHE_HOME: cache, NODE_DISABLE_COMPILE_CACHE: '' } });
  const map = (cache: string) => run(cache, 'map', 'fixtures/laptop.dat', '--json');
  const kept = () =>
    readdirSync(join(home, 'dmar/map-json')).map((name) => join(home, 'dmar/map-json', name));

  test('changes nothing but the time a run takes, and is left alone after a few runs', async () => {
    const first = await map(home);
    expect(first.status).toBe(0);
    expect(kept().length).toBeGreaterThan(0);
    for (let run = 2; run <= 8; run++) expect(await map(home)).toEqual(first);
    const times = kept().map((file) => statSync(file).mtimeMs);
    expect(await map(home)).toEqual(first);
    expect(kept().map((file) => statSync(file).mtimeMs)).toEqual(times);
  });

  test('grows with what another table needs', async () => {
    const size = () => kept().reduce((sum, file) => sum + statSync(file).size, 0);
    await map(home);
    const small = size();
    await run(home, 'map', 'fixtures/rack-server.dat', '--json');
    expect(size()).toBeGreaterThan(small);
    const large = size();
    await map(home);
    expect(size()).toBeGreaterThan((small + large) / 2);
  });

  test.each([
    ['another text', (file: string) => writeFileSync(file, 'x'.repeat(300_000))],
    ['half of it', (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2))],
    ['nothing', (file: string) => truncateSync(file, 0)],
  ])('is made anew where the file holds %s', async (_, damage) => {
    const first = await map(home);
    const sizes = kept().map((file) => statSync(file).size);
    for (const file of kept()) damage(file);
    expect(await map(home)).toEqual(first);
    expect(kept().map((file) => statSync(file).size > 0)).toEqual(sizes.map(() => true));
    expect(await map(home)).toEqual(first);
  });

  test('is not that of a run that failed, which used other functions', async () => {
    expect((await run(home, 'map', 'fixtures/none.dat', '--json')).status).toBe(3);
    expect((await run(home, 'map', '--nonsense')).status).toBe(2);
    expect(readdirSync(home)).toEqual([]);
  });

  test('is apart for JSON and for a page, which use different functions', async () => {
    await map(home);
    await run(home, 'map', 'fixtures/laptop.dat');
    expect(readdirSync(join(home, 'dmar')).sort()).toEqual(['map', 'map-json']);
  });

  test('is done without where it cannot be written', async () => {
    const { status, stderr } = await map('/dev/null');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
