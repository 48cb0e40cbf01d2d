import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runDmar } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';
import { tableOf } from '../support/tables.js';

const folder = mkdtempSync(join(tmpdir(), 'dmar-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, json: object): string => {
  const path = join(folder, name);
  writeFileSync(path, tableOf(json));
  return path;
};
const unit = { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed91000' };
const region = (base: number, ...devices: string[]) => ({
  name: 'RMRR',
  baseAddress: base,
  limitAddress: base + 0xffff,
  devices,
});

const structures = [unit, region(0xbf7e8000, '0000:00:1d.0')];
const old = file('old.dat', { structures });
const moved = file('moved.dat', {
  structures: [unit, region(0xbf7e0000, '0000:00:1d.0', '0000:00:1a.0')],
});
const renamed = file('renamed.dat', { header: { oemRevision: 5 }, structures });

const diff = (...args: string[]) => runDmar(['diff', ...args]);

describe('dmar diff', () => {
  it('says nothing is different, and exits with 0', async () => {
    const { stdout, stderr, status } = await diff(old, old);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('No difference.');
  });

  it('shows what changed with + and -, and the frames that it means, in 80 columns', async () => {
    const { stdout, status } = await runDmar(['diff', old, moved], { env: { COLUMNS: '80' } });
    expect(status).toBe(1);
    const lines = stdout.split('\n').map((line) => line.replace(/ +/g, ' '));
    expect(lines).toContain('~ RMRR 0xbf7e8000-0xbf7f7fff offset 64 offset 64');
    expect(lines).toContain(' baseAddress 0x00000000bf7e8000 0x00000000bf7e0000');
    expect(lines).toContain('+ PCI endpoint 0000:00:1a.0');
    expect(lines).toContain('+ reserved 0xbf7e0-0xbf7e7 8 32 KiB 0000:00:1d.0');
    expect(lines).toContain('- freed 0xbf7f0-0xbf7f7 8 32 KiB 0000:00:1d.0');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('colours what was added and removed', async () => {
    const { stdout } = await diff(old, moved, '--color', 'always');
    expect(stdout).toContain('\x1b[32m+\x1b[39m');
    expect(stdout).toContain('\x1b[31m-\x1b[39m');
    expect((await diff(old, moved)).stdout).not.toContain('\x1b');
  });

  it('tells header-only changes apart, and ignores them when asked', async () => {
    const { stdout, status } = await diff(old, renamed, '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout).changes.map(({ what }: { what: string }) => what)).toEqual([
      'header',
    ]);
    const ignored = await diff(old, renamed, '--json', '--ignore-header');
    expect(ignored.status).toBe(0);
    expect(JSON.parse(ignored.stdout)).toMatchObject({ differ: false, changes: [] });
    expect((await diff(old, moved, '--ignore-header')).status).toBe(1);
  });

  it('fits its schema', async () => {
    for (const other of [old, moved, renamed, 'fixtures/soc.dat', 'fixtures/truncated.dat']) {
      const { stdout } = await diff(old, other, '--json');
      expect(schemaErrors('diff', JSON.parse(stdout))).toEqual([]);
    }
  });

  it('says that VT-d is off with a table that Xen refuses', async () => {
    const { stdout } = await diff('fixtures/laptop.dat', 'fixtures/overlapping-rmrrs.dat');
    expect(stdout).toContain('VT-D IS OFF with the new table');
    const { guests } = JSON.parse(
      (await diff('fixtures/laptop.dat', 'fixtures/overlapping-rmrrs.dat', '--json')).stdout,
    );
    expect(guests.vtd).toEqual({ old: 'enabled', new: 'disabled' });
  });

  it('exits with 3 where a table cannot be read, and with 2 where one is missing', async () => {
    const { status, stdout, stderr } = await diff(old, 'no-such-file');
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain('no-such-file');
    expect((await diff(old)).status).toBe(2);
  });
});
