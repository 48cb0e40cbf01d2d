import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { COMMAND, ROOT } from '../support/program.js';
import { hasTool, scratch } from '../support/tools.js';

const run = promisify(execFile);
const { path, dispose } = scratch();
afterAll(dispose);

/** Where programs keep what nobody asked them to; each is made, and none may hold anything after a run. */
const PLACES = {
  HOME: path('home'),
  XDG_CACHE_HOME: path('cache'),
  XDG_CONFIG_HOME: path('config'),
  XDG_DATA_HOME: path('data'),
  XDG_RUNTIME_DIR: path('runtime'),
  XDG_STATE_HOME: path('state'),
  TMPDIR: path('tmp'),
};
for (const place of Object.values(PLACES)) mkdirSync(place);

const LINES = [
  ['map', 'fixtures/laptop.dat'],
  ['map', 'fixtures/laptop.dat', '--json'],
  ['devices', '--all', 'fixtures/laptop.dat'],
  ['guest', 'fixtures/laptop.dat', '--memory', '4096'],
  ['show', 'fixtures/laptop.dat', '--hex'],
  ['check', 'fixtures/laptop.dat', '--format', 'sarif'],
  ['diff', 'fixtures/laptop.dat', 'fixtures/soc.dat'],
  ['build', 'fixtures/laptop.json', '-o', '-'],
  ['scan', 'fixtures'],
  ['nonsense'],
];

/** Runs the program, by another one that watches it; what it ends with does not matter. */
async function start(watcher: readonly string[], args: readonly string[]): Promise<void> {
  const [command, ...rest] = [...watcher, ...COMMAND, ...args];
  const env = { PATH: process.env.PATH, ...PLACES };
  await run(command as string, rest, { cwd: ROOT, env, maxBuffer: 2 ** 28 }).catch(({ code }) => {
    expect(code).toBeLessThan(4);
  });
}

describe('a run', () => {
  it.each(LINES)('leaves nothing behind: dmar %s %s %s', async (...args) => {
    await start([], args);
    for (const place of Object.values(PLACES)) expect(readdirSync(place)).toEqual([]);
  });
});

/** System calls that change what lies in a file system. */
const CHANGES =
  'mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,truncate,chmod,fchmodat';

const watched = hasTool('strace');
describe.skipIf(!watched)(`a run, watched${watched ? '' : ' (skipped: no strace here)'}`, () => {
  it.each(LINES)('writes no file and loads no code but its own: dmar %s %s %s', async (...args) => {
    const log = path('calls');
    await start(
      ['strace', '-f', '-qq', '-o', log, '-e', `trace=open,openat,creat,${CHANGES}`],
      args,
    );
    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => !/ = -1 E/.test(line));
    expect(calls.length).toBeGreaterThan(5);
    const opened = calls.flatMap((line) => {
      const [, file, flags] = /\bopen(?:at)?\((?:[^,"]*, )?"([^"]*)", (\S*)/.exec(line) ?? [];
      return file === undefined ? [] : [{ file: resolve(ROOT, file), flags }];
    });
    const written = opened.filter(({ flags = '' }) => /O_(WRONLY|RDWR|CREAT|TRUNC)/.test(flags));
    expect(
      written.map(({ file }) => file).filter((file) => !/^\/dev\/(null|tty)$/.test(file)),
    ).toEqual([]);
    expect(
      calls.filter((line) =>
        new RegExp(`\\b(creat|${CHANGES.replaceAll(',', '|')})\\(`).test(line),
      ),
    ).toEqual([]);
    const code = opened
      .map(({ file }) => file)
      .filter((file) => /\.([cm]?js|node|wasm)$/.test(file));
    expect(code.filter((file) => !file.startsWith(`${ROOT}/`))).toEqual([]);
  });
});
