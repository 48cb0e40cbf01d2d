import { spawnSync } from 'node:child_process';
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

const run = (command: string, args: string[], cwd?: string): string => {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (result.error !== undefined || result.status !== 0) throw new Error(`${command} failed.`);
  return result.stdout;
};

/** Answers of a look-up among Debian's packages; where there are none, their lists are fetched first. */
function lookUp(args: string[], pattern: RegExp): string[] {
  const find = (): string[] => {
    // It fails where it knows no such package.
    const { stdout } = spawnSync('apt-cache', args, { encoding: 'utf8' });
    return [...(stdout ?? '').matchAll(pattern)].map(([, name = '']) => name);
  };
  const found = find();
  if (found.length > 0) return found;
  refreshLists();
  return find();
}

function refreshLists(): void {
  try {
    run('apt-get', ['update']);
  } catch {
    throw new Unavailable("Debian's lists of packages cannot be fetched.");
  }
}

/** The package that a package of Debian's depends on first: the kernel that `linux-image-amd64` stands for. */
export function firstDependency(name: string): string {
  const [depends] = lookUp(['depends', name], /Depends: (\S+)/g);
  if (depends === undefined) throw new Unavailable(`apt knows no package ${name}.`);
  return depends;
}

/** The last of the packages whose names match. */
export function newestPackage(pattern: string): string {
  const names = lookUp(['search', '--names-only', pattern], /^(\S+) - /gm);
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
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
  const fetch = () => run('apt-get', ['download', name], download);
  try {
    fetch();
  } catch {
    // The list may be older than the archive.
    refreshLists();
    try {
      fetch();
    } catch {
      throw new Unavailable(`The package ${name} cannot be fetched.`);
    }
  }
  const archive = readdirSync(download).find((file) => file.startsWith(`${name}_`));
  if (archive === undefined) throw new Unavailable(`The package ${name} was not fetched.`);
  run('dpkg-deb', ['-x', join(download, archive), folder]);
  return folder;
}
