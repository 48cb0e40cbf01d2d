import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/commands/declarations.js';
import { manPage } from '../../src/commands/manual.js';
import { ROOT } from '../support/program.js';
import { hasTool, scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

/** What man(1) shows of a page, and what it complains of. */
function shown(command: string | undefined): string {
  writeFileSync(path('page.1'), manPage(command, COMMANDS));
  const options = { env: { ...process.env, MANWIDTH: '78', LC_ALL: 'C.UTF-8' } };
  const script = `man -l --warnings=w ${path('page.1')} 2>&1 | col -b`;
  return execFileSync('sh', ['-c', script], options).toString();
}

describe.skipIf(!hasTool('man') || !hasTool('col'))('the manual page', () => {
  test('of the program names every command', () => {
    const text = shown(undefined);
    for (const name of Object.keys(COMMANDS)) expect(text).toContain(`dmar-${name}(1)`);
    expect(text).not.toMatch(/troff|groff|mdoc/);
  });

  test.each(Object.entries(COMMANDS))('of %s names every option of it', (name, declare) => {
    const text = shown(name).replace(/[\u2010\u2212]/g, '-');
    const { options } = declare();
    for (const { flags } of options) {
      expect(text).toContain(flags.split(' ').find((word) => word.startsWith('--')));
    }
    expect(text).not.toMatch(/troff|groff|mdoc/);
    expect(text).toMatch(/EXIT STATUS/);
  });
});

test('the package names a page for the program and for each command', () => {
  const { man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const pages = ['dmar', ...Object.keys(COMMANDS).map((name) => `dmar-${name}`)];
  expect([...man].sort()).toEqual(pages.map((name) => `dist/man/${name}.1`).sort());
});

test('a command that is not there has none', () => {
  expect(() => manPage('frobnicate', COMMANDS)).toThrow('There is no command "frobnicate".');
});
