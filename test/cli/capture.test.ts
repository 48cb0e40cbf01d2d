import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDmar, runShell } from '../support/program.js';
import { hasTool } from '../support/tools.js';

const HOST = 'fixtures/rack-server-host';

let directory: string;
let archive: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dmar-capture-'));
  archive = join(directory, 'host.tar.gz');
  const { status, stdout, stderr } = await runDmar(['capture', '--root', HOST, '-o', archive]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/ACPI tables: +APIC, DMAR, MCFG\nPCI functions: +24\n/);
  const script = await runDmar(['capture', '--script']);
  writeFileSync(join(directory, 'capture.sh'), script.bytes);
});
afterAll(() => rmSync(directory, { recursive: true }));

test('tar unpacks it, into a directory of its own', async () => {
  const { stdout, stderr } = await runShell(`tar xzf ${archive} -C ${directory}
    cmp ${HOST}/sys/firmware/acpi/tables/DMAR ${directory}/host/sys/firmware/acpi/tables/DMAR
    ls ${directory}/host`);
  expect({ stdout, stderr }).toEqual({ stdout: 'proc\nsys\n', stderr: '' });
});

test.each([['map'], ['show'], ['devices'], ['devices', '--all'], ['check']])(
  '%s answers from it, as root and as source, what it answers from the directory',
  async (...command) => {
    const answer = async (...args: string[]) => {
      const { status, stdout } = await runDmar([...command, ...args, '--json']);
      const text = stdout.replaceAll(archive, 'HOST').replaceAll(HOST, 'HOST');
      return { status, answer: JSON.parse(text) };
    };
    const expected = await answer('--root', HOST);
    expect(await answer('--root', archive)).toEqual(expected);
    expect(await answer(archive)).toEqual(expected);
  },
);

test('standard input may hold it', async () => {
  const { status, stdout } = await runDmar(['map', '-', '--json'], {
    input: readFileSync(archive),
  });
  expect(status).toBe(0);
  expect(JSON.parse(stdout).entries[0].devices.length).toBeGreaterThan(0);
  expect(JSON.parse(stdout).model.xen).toBe('4.17.4');
});

test('a file that is there stays as it is, unless --force is given', async () => {
  const file = join(directory, 'precious');
  writeFileSync(file, 'precious');
  const refused = await runDmar(['capture', '--root', HOST, '-o', file]);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain('exists already');
  expect(readFileSync(file, 'utf8')).toBe('precious');
  const forced = await runDmar(['capture', '--root', HOST, '-o', file, '--force']);
  expect(forced.status).toBe(0);
  expect(readFileSync(file).subarray(0, 2).toString('hex')).toBe('1f8b');
});

test('of a host without a table what there is gets packed, and why there is none is said', async () => {
  const file = join(directory, 'empty.tar.gz');
  const { status, stderr } = await runDmar(['capture', '--root', 'test', '-o', file]);
  expect(status).toBe(0);
  expect(stderr).toContain('shows no ACPI tables');
  expect(existsSync(file)).toBe(true);
});

describe.each(['sh', 'dash', 'bash', 'busybox sh'])('the script under %s', (shell) => {
  const [program = '', ...applet] = shell.split(' ');

  test.skipIf(!hasTool(program))('packs the same files, byte for byte', async () => {
    const { status, stdout, stderr } = await runShell(`set -e
      cd ${directory}
      mkdir -p script program
      ${program} ${applet.join(' ')} ${directory}/capture.sh $OLDPWD/${HOST} | tar xzf - -C script
      tar xzf host.tar.gz -C program
      diff -r --no-dereference script program
      find script -type f | wc -l
      ls -ld "\${TMPDIR:-/tmp}"/dmar-capture.* 2>/dev/null || true
      rm -r script program`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // No difference and no folder left behind: all that is printed is how many files there are.
    expect(Number(stdout)).toBeGreaterThan(100);
  });

  test.skipIf(!hasTool(program))('does nothing where only part of it arrives', async () => {
    const whole = readFileSync(join(directory, 'capture.sh'));
    const { stdout } = await runShell(
      `head -c ${whole.length - 14} ${directory}/capture.sh | ${shell}; echo "status $?"`,
    );
    expect(stdout).toMatch(/^status \d+\n$/);
  });
});
