import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { writeNewFile } from '../../src/write/new-file.js';
import { scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

const bytes = new Uint8Array([1, 2, 3]);

describe('a file is whole or not there', () => {
  it('new: with its mode, and nothing beside it', () => {
    mkdirSync(path('a'));
    writeNewFile(path('a/new'), bytes, { force: false, mode: 0o600 });
    expect([...readFileSync(path('a/new'))]).toEqual([1, 2, 3]);
    expect(statSync(path('a/new')).mode & 0o777).toBe(0o600);
    expect(readdirSync(path('a'))).toEqual(['new']);
  });

  it('may have a name as long as names can be, but not none', () => {
    const name = path('n'.repeat(255));
    writeNewFile(name, bytes, { force: false });
    writeNewFile(name, 'new', { force: true });
    expect(readFileSync(name, 'utf8')).toBe('new');
    expect(() => writeNewFile('', bytes, { force: true })).toThrow('"" is not the name of a file.');
  });

  it('that is there stays unless it is to be replaced', () => {
    writeFileSync(path('old'), 'old');
    expect(() => writeNewFile(path('old'), 'new', { force: false })).toThrow('exists already');
    expect(readFileSync(path('old'), 'utf8')).toBe('old');
    writeNewFile(path('old'), 'new', { force: true });
    expect(readFileSync(path('old'), 'utf8')).toBe('new');
  });

  it('on a full disk the old one stays', () => {
    mkdirSync(path('full'));
    writeFileSync(path('full/file'), 'old');
    // A limit on the size of files stands for the disk.
    const script = `ulimit -f 1; trap '' XFSZ; exec node --input-type=module -e "
      const { writeNewFile } = await import(process.argv[1]);
      try { writeNewFile(process.argv[2], new Uint8Array(100000), { force: true }); } catch (error) { console.log(error.message); }
    " "$@"`;
    const bundle = path('write.mjs');
    execFileSync('npx', [
      'esbuild',
      'src/write/new-file.ts',
      '--bundle',
      '--platform=node',
      '--format=esm',
      `--outfile=${bundle}`,
      '--log-level=warning',
    ]);
    const said = execFileSync('sh', ['-c', script, 'sh', bundle, path('full/file')]).toString();
    expect(said).toMatch('cannot be written');
    expect(readFileSync(path('full/file'), 'utf8')).toBe('old');
    expect(readdirSync(path('full'))).toEqual(['file']);
  });

  it('behind a link is replaced where that is asked for, and the link stays', () => {
    writeFileSync(path('behind'), 'old');
    symlinkSync(path('behind'), path('link'));
    expect(() => writeNewFile(path('link'), 'new', { force: false })).toThrow('exists already');
    writeNewFile(path('link'), 'new', { force: true });
    expect(readFileSync(path('behind'), 'utf8')).toBe('new');
    symlinkSync(path('nowhere'), path('dangling'));
    expect(() => writeNewFile(path('dangling'), 'new', { force: false })).toThrow('exists');
    expect(existsSync(path('nowhere'))).toBe(false);
  });

  it('is refused where a directory is, or none', () => {
    expect(() => writeNewFile(path('full'), 'x', { force: true })).toThrow('is a directory');
    expect(() => writeNewFile(path('none/x'), 'x', { force: false })).toThrow('cannot be written');
  });

  it('is not made for a FIFO unless that is asked for; a device takes it', () => {
    execFileSync('mkfifo', [path('fifo')]);
    chmodSync(path('fifo'), 0o600);
    expect(() => writeNewFile(path('fifo'), 'x', { force: false })).toThrow('exists already');
    writeNewFile('/dev/null', 'x', { force: false });
  });
});
