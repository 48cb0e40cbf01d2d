import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Outcome, ROOT, runDmar, runShell } from '../support/program.js';
import { hasTool, scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

/** What nothing but the bytes of a stranger can bring into the output. */
const EVIL = '\x1b[8m\n::error::planted\r\x9b2J\x7f\u202egnp\u2066\u200b\t=1+1';

/** A table with hostile names wherever a table holds text: its vendor's, its model's, of an ACPI device. */
function hostileTable(): Uint8Array {
  const bytes = Buffer.from(readFileSync(join(ROOT, 'fixtures/soc.dat')));
  const plant = Buffer.from('\n::error::');
  plant.copy(bytes, 10, 0, 6);
  plant.copy(bytes, 16, 0, 8);
  const andd = bytes.indexOf('\\_SB.PC00.I2C0');
  Buffer.from('\n::error::\x1b[8m').copy(bytes, andd);
  const other = bytes.indexOf('\\_SB.PC00.UA00');
  Buffer.from('=1\x9b2J\x7f\r\n::x::').copy(bytes, other);
  return bytes;
}

const folder = path(EVIL);
mkdirSync(folder);
const table = join(folder, '=table.dat');
writeFileSync(table, hostileTable());
const garbage = join(folder, '-garbage\n::error::x');
writeFileSync(garbage, 'no table\n::error::planted');

/** A captured host whose device's driver, DMI names and kernel options are hostile. */
const host = path('host');
execFileSync('cp', ['-a', join(ROOT, 'fixtures/rack-server-host'), host]);
const dmi = join(host, 'sys/class/dmi/id');
mkdirSync(dmi, { recursive: true });
for (const name of ['sys_vendor', 'product_name', 'bios_version'])
  writeFileSync(join(dmi, name), EVIL);

const LINES = [
  ...['table', 'json', 'ndjson', 'csv'].flatMap((format) => [
    ['map', table, '-f', format],
    ['map', table, '--root', host, '-f', format],
    ['devices', '--all', table, '-f', format],
    ['devices', '--all', '--root', host, '-f', format],
    ['guest', table, '--memory', '2048', '-f', format],
    ['show', table, '-f', format],
    ['map', garbage, '-f', format],
    ['map', join(folder, 'nothing'), '-f', format],
  ]),
  ...['table', 'json', 'ndjson', 'sarif', 'github', 'junit', 'markdown'].map((format) => [
    ...['check', table, garbage, '--root', host, '--fail-on', 'info', '-f', format],
  ]),
  ...['table', 'json', 'markdown'].map((format) => [
    'diff',
    table,
    'fixtures/laptop.dat',
    '-f',
    format,
  ]),
  ...['map', 'show', 'check', 'diff'].map((command) => [
    ...[command, table, ...(command === 'diff' ? ['fixtures/soc.dat'] : []), '--color', 'always'],
  ]),
  ['show', table, '--hex'],
  ['scan', folder],
  ['scan', garbage],
  ['build', garbage, '-o', '-'],
  ['build', table, '-o', '-'],
  [EVIL],
];

/** Everything that a terminal obeys or hides, but line feeds, tabs and the colours of this program. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /\x1b(?!\[(?:[12]|22|3[1-3]|39)m)|[^\P{C}\n\t\x1b\u{E000}-\u{F8FF}]|[\u2028\u2029]/u;

describe('what strangers wrote into tables, names and paths', () => {
  const outputs = ({ stdout, stderr }: Outcome) => [stdout, stderr];

  test.each(LINES)('is text and nothing else: dmar %s %j %s %s %s %s %s %s', async (...args) => {
    const outcome = await runDmar(args);
    for (const text of outputs(outcome)) {
      expect(text).not.toMatch(UNSEEN);
      const lines = args.includes('github') ? [] : text.split('\n');
      expect(lines.filter((line) => /^\s*::|##\[/.test(line))).toEqual([]);
    }
    expect(outcome.stderr).not.toMatch(/\n {4}at /);
  });

  test('leaves GitHub with the annotations of this program alone', async () => {
    const { stdout } = await runDmar(['check', table, garbage, '-f', 'github']);
    for (const line of stdout.trimEnd().split('\n')) {
      expect(line).toMatch(/^::(error|warning|notice) file=[^:,]*,title=[a-z0-9-]+::[^\n]+$/);
    }
  });

  test('makes no cell of CSV a formula', async () => {
    writeFileSync(path('=1+1.dat'), hostileTable());
    const { stdout } = await runShell(`cd '${path('')}' && dmar show =1+1.dat -f csv`);
    const cells = stdout.split('\n').flatMap((line) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/));
    expect(cells.filter((cell) => /^"?[=+@\t\r-]/.test(cell))).toEqual([]);
    expect(stdout).toContain("'=1+1.dat,");
  });

  test.skipIf(!hasTool('xmllint'))('leaves XML well-formed', async () => {
    const { stdout } = await runDmar(['check', table, garbage, '-f', 'junit']);
    execFileSync('xmllint', ['--noout', '-'], { input: stdout });
    await runDmar(['map', table, '--svg', path('map.svg')]);
    execFileSync('xmllint', ['--noout', path('map.svg')]);
    expect(readFileSync(path('map.svg'), 'utf8')).not.toMatch(UNSEEN);
  });
});
