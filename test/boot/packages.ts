import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasTool } from '../support/tools.js';

/** Why no machine can be booted here; its message is a sentence. */
export class Unavailable extends Error {}

/** Programs that boot a machine, and the Debian package of each. */
const TOOLS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  gcc: 'gcc',
  xz: 'xz-utils',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
};

/** @throws Unavailable where a program is missing */
export function requireTools(): void {
  for (const [tool, name] of Object.entries(TOOLS)) {
    if (!hasTool(tool)) throw new Unavailable(`${tool} is missing (package ${name}).`);
  }
}

const run = (command: string, args: string[], cwd?: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** The package that a package of Debian's depends on first: the kernel that `linux-image-amd64` stands for. */
export function firstDependency(name: string): string {
  const depends = /Depends: (\S+)/.exec(run('apt-cache', ['depends', name]))?.[1];
  if (depends === undefined) throw new Unavailable(`apt knows no package ${name}.`);
  return depends;
}

/** The last of the packages whose names match. */
export function newestPackage(pattern: string): string {
  const names = run('apt-cache', ['search', '--names-only', pattern])
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '')
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const newest = names.at(-1);
  if (newest === undefined) throw new Unavailable(`apt knows no package ${pattern}.`);
  return newest;
}

/**
 * The files of a Debian package, fetched and unpacked below a folder once, without being installed.
 *
 * @returns the folder that stands for `/`
 * @throws Unavailable where it cannot be fetched
 */
export function unpacked(name: string, cache: string): string {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  const download = join(cache, 'download');
  mkdirSync(download, { recursive: true });
  try {
    run('apt-get', ['download', name], download);
  } catch {
    throw new Unavailable(`The package ${name} cannot be fetched.`);
  }
  const archive = readdirSync(download).find((file) => file.startsWith(`${name}_`));
  if (archive === undefined) throw new Unavailable(`The package ${name} was not fetched.`);
  run('dpkg-deb', ['-x', join(download, archive), folder]);
  return folder;
}
