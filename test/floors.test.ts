import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circles, climbs, IMPURE, readModules } from './support/floors.js';

const ROOT = join(import.meta.dirname, '..');
const modules = readModules(join(ROOT, 'src'));

/** Files of pure rooms that the compiler refuses where Node's types are not there. */
function usersOfNode(): string[] {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const args = ['-p', 'tsconfig.pure.json', '--pretty', 'false'];
  const { stdout } = spawnSync(tsc, args, { cwd: ROOT, encoding: 'utf8' });
  const files = Array.from(stdout.matchAll(/^src\/([^(]+)\(/gm), ([, file = '']) => file);
  return [...new Set(files)].filter((file) => !IMPURE.includes(file.split('/')[0] ?? ''));
}

/** Imports that climb today. What is mended is struck out here: this list only gets shorter. */
const CLIMBING: readonly string[] = [];

/** Files that use Node, or pull in what does, today; this list too only gets shorter. */
const USING_NODE: readonly string[] = [];

describe('the rooms of src', () => {
  it('import from floors below them alone', () => {
    expect(climbs(modules).sort()).toEqual([...CLIMBING].sort());
  });

  it('import in no circle', () => {
    expect(circles(modules)).toEqual([]);
  });

  it('use nothing of Node where they are pure', () => {
    expect(usersOfNode().sort()).toEqual([...USING_NODE].sort());
  });
});

describe('the reading of imports', () => {
  const withFile = (file: string, text: string) => new Map([...modules, [file, text]]);
  const added = (file: string, text: string) =>
    climbs(withFile(file, text)).filter((line) => line.startsWith(`${file} ->`));

  it.each([
    ['base/new.ts', "import { bootXen } from '../xen/boot.js';", 'above it'],
    ['acpi/new.ts', "import type { Xen } from '../xen/boot.js';", 'above it'],
    ['xen/vtd/new.ts', "export * from '../../check/check.js';", 'above it'],
    ['render/new.ts', "const { run } = await import('../commands/map.js');", 'above it'],
    ['answers/new.ts', "import '../read/tree.js';", 'above it'],
    ['diff/new.ts', "import {\n  type Finding,\n} from '../check/check.js';", 'beside it'],
    ['render/new.ts', "import type { Tree } from '../read/tree.js';", 'not pure'],
    ['commands/new.ts', "import { main } from '../cli.js';", 'an entry point'],
    ['attic/new.ts', "import '../base/hex.js';", 'a room without a floor'],
  ])('finds that %s climbs by %s', (file, text, reason) => {
    expect(added(file, text)).toEqual([expect.stringContaining(`(${reason})`)]);
  });

  it.each([
    ['xen/new.ts', "import { formatSbdf } from '../base/sbdf.js';"],
    ['xen/vtd/new.ts', "import type { Xen } from '../boot.js';"],
    ['index.ts', "import { main } from './cli.js'; import './commands/map.js';"],
    ['web/new.ts', "import '../render/map/json.js';"],
  ])('finds nothing wrong where %s does what it may', (file, text) => {
    expect(added(file, text)).toEqual([]);
  });

  it('finds a circle', () => {
    const text = "import { other } from './other.js';";
    const back = "import type { one } from './one.js';";
    const both = new Map([
      ['base/one.ts', text],
      ['base/other.ts', back],
    ]);
    expect(circles(both)).toEqual(['base/one.ts -> base/other.ts -> base/one.ts']);
  });
});
