import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/program.js';
import { hasTool } from '../support/tools.js';

/** What a terminal of so many rows shows of a command line. */
function onTerminal(rows: number, args: string, env: NodeJS.ProcessEnv): string {
  const program = `${process.execPath} ${join(ROOT, 'bin/dmar.js')} ${args}`;
  return execFileSync('script', ['-qec', `stty rows ${rows} cols 100; ${program}`, '/dev/null'], {
    cwd: ROOT,
    env: { ...process.env, TERM: 'xterm', ...env },
    input: '',
  }).toString();
}

describe.skipIf(!hasTool('script'))('on a terminal', () => {
  const env = { DMAR_PAGER: 'sed s/^/PAGED:/' };

  test('text that is longer goes through the pager', () => {
    expect(onTerminal(5, 'map fixtures/laptop.dat --color never', env)).toMatch(/^PAGED:Source/m);
  });

  test.each([
    ['it fits', 100, 'map fixtures/laptop.dat', env],
    ['--no-pager is given', 5, 'map fixtures/laptop.dat --no-pager', env],
    ['the pager is cat', 5, 'map fixtures/laptop.dat', { DMAR_PAGER: 'cat' }],
    ['it is JSON', 5, 'map fixtures/laptop.dat --json', env],
    ['the pager is missing', 5, 'map fixtures/laptop.dat', { DMAR_PAGER: 'no-such-pager' }],
  ])('text is printed as it is where %s', (_, rows, args, environment) => {
    const shown = onTerminal(rows, args, environment);
    expect(shown).toContain('laptop.dat');
    expect(shown).not.toContain('PAGED:');
  });
});
