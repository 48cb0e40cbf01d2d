import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaErrors } from './support/schema.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');

/** The scripts of a package that npm may run where it is installed, or where a package is that depends on it. */
const RUN_BY_USERS = /^(pre|post)?(install|uninstall|prepare|prepublish)$/;

describe.skipIf(process.env.DMAR_BIN)('the packed package, installed in an empty project', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dmar-package-'));
  const home = join(folder, 'home');
  const project = join(folder, 'project');
  const installed = join(project, 'node_modules/dmar');
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs a program in the project; npm keeps to a home of its own. */
  const inProject = (command: string, ...args: string[]) =>
    run(command, args, {
      cwd: project,
      env: { PATH: process.env.PATH, HOME: home },
      // A scan prints all 20,470 entries of an AMD laptop.
      maxBuffer: 2 ** 26,
    });

  beforeAll(async () => {
    for (const path of [home, project]) mkdirSync(path);
    writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}');
    const { stdout } = await run(
      'npm',
      // What `npm test` has built is what is packed.
      ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
      { cwd: ROOT },
    );
    const [{ filename }] = JSON.parse(stdout);
    await inProject(
      'npm',
      'install',
      '--offline',
      '--no-audit',
      '--no-fund',
      join(folder, filename),
    );
  });

  const manifest = () => JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));

  it('comes alone, and its manifest has nothing run on the machine', () => {
    const names = readdirSync(join(project, 'node_modules')).filter(
      (name) => !name.startsWith('.'),
    );
    expect(names).toEqual(['dmar']);
    expect(manifest().dependencies).toBeUndefined();
    expect(Object.keys(manifest().scripts).filter((name) => RUN_BY_USERS.test(name))).toEqual([]);
  });

  it('holds the built program and library, and neither sources nor tests', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    expect(files).toContain('dist/program/LICENCES.txt');
    expect(files).toContain('dist/index.d.ts');
    expect(files.filter((file) => /^(src|test|dist\/standalone)(\/|$)/.test(file))).toEqual([]);
  });

  const table = join(installed, 'fixtures/laptop.dat');
  const dmar = (...args: string[]) => inProject('node_modules/.bin/dmar', ...args);

  it.each([
    ['map', table],
    ['map', table, '--json'],
    ['map', table, '--format', 'csv'],
    ['devices', '--all', table],
    ['guest', table, '--memory', '2048'],
    ['show', table],
    ['check', table, '--format', 'sarif'],
    ['check', table, '--format', 'junit'],
    ['diff', table, table],
    ['build', join(installed, 'fixtures/laptop.json'), '-o', 'built.dat'],
    ['scan', join(installed, 'fixtures')],
    ['capture', '-o', 'captured.tar.gz'],
  ])('runs dmar %s %s %s', async (...args) => {
    await expect(dmar(...args)).resolves.toBeTruthy();
  });

  it('is a library', async () => {
    const { stdout } = await inProject(
      'node',
      '--input-type=module',
      '--eval',
      `import { readFileSync } from 'node:fs';
       import { bootXen, callTwice, decodeDmar, findRelease, parseCmdline, UNKNOWN_MACHINE } from 'dmar';
       import schema from 'dmar/schemas/map.schema.json' with { type: 'json' };
       const bytes = readFileSync('node_modules/dmar/fixtures/laptop.dat');
       const release = findRelease('4.22');
       const xen = bootXen({ dmar: bytes }, UNKNOWN_MACHINE, release, parseCmdline('', release));
       console.log(decodeDmar(bytes).table.structures.length, callTwice(xen, { abi: 'native' }).entries.length, typeof schema);`,
    );
    expect(stdout).toBe('4 2 object\n');
  });

  it('bundles for a browser without a shim', async () => {
    writeFileSync(
      join(project, 'page.js'),
      "import * as dmar from 'dmar'; globalThis.dmar = dmar;",
    );
    const { errors, warnings } = await build({
      entryPoints: [join(project, 'page.js')],
      bundle: true,
      platform: 'browser',
      write: false,
      logLevel: 'silent',
    });
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  });

  it('serves a strict TypeScript project: documents of a log and of a table', async () => {
    writeFileSync(
      join(project, 'ask.ts'),
      `import {
  answerCheck, answerDevices, answerGuest, answerMap, checkToJson, devicesToJson, evidenceOf, guestToJson, mapToJson,
  sourceOf, toJsonText, type Tools,
} from 'dmar';
const none = async (): Promise<never> => { throw new Error('not here'); };
const tools: Tools = { inflaters: { gzip: none, xz: none, zstd: none }, sha256: () => '0'.repeat(64) };
export async function ask(bytes: Uint8Array): Promise<string[]> {
  const evidence = evidenceOf(await sourceOf(bytes, 'given', { limit: 1 << 20 }, tools));
  const guest = { options: { memory: 4096n << 20n }, notes: [], file: null };
  return [
    mapToJson(answerMap(evidence)),
    devicesToJson(answerDevices(evidence)),
    checkToJson(answerCheck(evidence)),
    guestToJson(answerGuest(evidence, guest)),
  ].map((document) => toJsonText(document));
}
`,
    );
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const options = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--outDir', 'out'];
    await inProject(tsc, ...options, '--types', '', 'ask.ts');
    writeFileSync(
      join(project, 'run.js'),
      "import { readFileSync } from 'node:fs'; import { ask } from './out/ask.js';\nconsole.log(JSON.stringify(await ask(readFileSync(process.argv[2]))));",
    );
    const log =
      'Linux version 5.3.18-3-pve\nDMAR: RMRR base: 0x000000bdf8f000 end: 0x000000bdf92fff\npci 0000:04:00.0: DMAR: Setting identity map [0xbdf8f000 - 0xbdf92fff]\n';
    writeFileSync(join(project, 'dmesg.txt'), log);
    for (const file of [join(project, 'dmesg.txt'), join(ROOT, 'fixtures/laptop.dat')]) {
      const { stdout } = await inProject('node', 'run.js', file);
      const documents = (JSON.parse(stdout) as string[]).map((text) => JSON.parse(text));
      for (const [i, name] of ['map', 'devices', 'check', 'guest'].entries()) {
        expect({ name, errors: schemaErrors(name, documents[i]) }).toEqual({ name, errors: [] });
      }
      expect(documents[0].entries.length).toBeGreaterThan(0);
    }
  });
});
