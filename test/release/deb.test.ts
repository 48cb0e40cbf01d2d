import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/commands/declarations.js';
import { hasTool } from '../support/tools.js';

const ROOT = join(import.meta.dirname, '../..');
const RELEASE = join(ROOT, 'dist/release');
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;
const deb = existsSync(RELEASE)
  ? readdirSync(RELEASE).find((name) => name.endsWith(`_${ARCHITECTURE}.deb`))
  : undefined;

/** Why there is nothing to be tested; null where there is. */
const missing =
  deb === undefined
    ? 'npm run release has not been run'
    : !hasTool('debootstrap')
      ? 'debootstrap is not installed'
      : process.getuid?.() !== 0
        ? 'a chroot needs root'
        : null;

test('what a release holds has the sums that stand beside it', ({ skip }) => {
  skip(deb === undefined, 'npm run release has not been run');
  const out = execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: RELEASE }).toString();
  const listed = out.trim().split('\n');
  expect(listed.every((line) => line.endsWith(': OK'))).toBe(true);
  expect(listed.length).toBe(readdirSync(RELEASE).length - 1);
});

describe.skipIf(missing !== null)(`the .deb in a chroot (${missing ?? 'a new Debian'})`, () => {
  let chroot: string;
  const inside = (script: string) => {
    const { status, stdout, stderr } = spawnSync('chroot', [chroot, 'sh', '-c', script], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  beforeAll(() => {
    chroot = mkdtempSync(join(tmpdir(), 'dmar-chroot-'));
    execFileSync('debootstrap', ['--variant=minbase', 'bookworm', chroot], { stdio: 'ignore' });
    copyFileSync(join(RELEASE, deb as string), join(chroot, 'tmp/dmar.deb'));
    copyFileSync(join(ROOT, 'fixtures/laptop.dat'), join(chroot, 'tmp/laptop.dat'));
    execFileSync('mount', ['-t', 'proc', 'proc', join(chroot, 'proc')]);
  }, 900_000);
  afterAll(() => {
    spawnSync('umount', [join(chroot, 'proc')]);
    rmSync(chroot, { recursive: true, force: true });
  });

  test('installs, answers, and goes again without a trace', () => {
    expect(inside('dpkg -i /tmp/dmar.deb').status).toBe(0);
    const files = inside('dpkg -L dmar').stdout.split('\n').filter(Boolean);
    for (const name of Object.keys(COMMANDS)) {
      expect(files).toContain(`/usr/share/man/man1/dmar-${name}.1.gz`);
    }
    const { status, stdout } = inside('dmar map /tmp/laptop.dat --json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout).entries).toHaveLength(2);
    expect(inside('dmar map /tmp/nothing').status).toBe(3);

    const own = files.filter((file) => file.includes('dmar') && file !== '/tmp/dmar.deb');
    expect(own.length).toBeGreaterThan(10);
    expect(inside('dpkg -P dmar').status).toBe(0);
    for (const file of own) expect(existsSync(join(chroot, file))).toBe(false);
  });
});
