import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { runDmar } from '../support/program.js';
import { scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

const givenIn = (html: string): { name: string; base64: string }[] =>
  JSON.parse(
    /<script type="application\/json" id="given">(.*?)<\/script>/s.exec(html)?.[1] ?? 'null',
  );

describe('the page', () => {
  test('holds the sources byte for byte, a directory as a capture', async () => {
    const file = path('report.html');
    const sources = ['fixtures/laptop.dat', 'fixtures/rack-server-host'];
    const { status, stderr } = await runDmar(['page', '-o', file, ...sources]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [table, host] = givenIn(readFileSync(file, 'utf8'));
    expect(table?.name).toBe('laptop.dat');
    expect(Buffer.from(table?.base64 ?? '', 'base64')).toEqual(readFileSync('fixtures/laptop.dat'));
    expect(host?.name).toBe('rack-server-host.tar.gz');
    const packed = await runDmar(['map', '-', '--json'], {
      input: Buffer.from(host?.base64 ?? '', 'base64'),
    });
    expect(JSON.parse(packed.stdout).model.xen).toBe('4.17.4');
  });

  test('is the same as built where no source is given', async () => {
    const { stdout } = await runDmar(['page', '-o', '-']);
    expect(stdout).toBe(readFileSync('dist/web/dmar.html', 'utf8'));
  });

  test('is not written where a source is missing', async () => {
    const { status } = await runDmar(['page', '-o', path('none.html'), 'no-such-file']);
    expect(status).toBe(3);
    expect(existsSync(path('none.html'))).toBe(false);
  });
});
