import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runDmar } from '../support/program.js';

const COMMANDS = [
  'map',
  'devices',
  'guest',
  'show',
  'check',
  'diff',
  'build',
  'scan',
  'capture',
  'help',
  'version',
];

describe('the program', () => {
  it("has the package's version", async () => {
    const file = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
    const { stdout, status } = await runDmar(['--version']);
    expect([stdout, status]).toEqual([`${JSON.parse(file).version}\n`, 0]);
  });

  it('lists every command and exit status in its help', async () => {
    const { stdout, status } = await runDmar(['--help']);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(stdout).toMatch(/0 fine, 1 .*, 2 .*, 3 /);
    expect(status).toBe(0);
  });

  it.each(COMMANDS)('has help for %s that fits 80 columns', async (name) => {
    const { stdout, stderr, status } = await runDmar([name, '--help']);
    expect(stdout).toMatch(new RegExp(`^Usage: dmar ${name} `));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect([stderr, status]).toEqual(['', 0]);
  });

  it.each([['--nonsense'], ['map', '--format', 'xml'], ['build', 'x.json'], ['diff', 'one']])(
    'answers wrong usage (%s %s) with a sentence and status 2',
    async (...args) => {
      const { stdout, stderr, status } = await runDmar(args);
      expect([stdout, status]).toEqual(['', 2]);
      expect(
        stderr
          .trimEnd()
          .split('\n')
          .filter((line) => !/^(dmar: |\()/.test(line)),
      ).toEqual([]);
      expect(stderr).not.toMatch(/\n {4}at /);
    },
  );
});
