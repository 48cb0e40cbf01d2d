import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runDmar, runShell } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';
import { tableOf } from '../support/tables.js';

const folder = mkdtempSync(join(tmpdir(), 'dmar-map-'));
afterAll(() => rmSync(folder, { recursive: true }));

const drhd = { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed90000' };
const rmrr = (baseAddress: string, limitAddress: string, ...devices: string[]) => ({
  name: 'RMRR',
  baseAddress,
  limitAddress,
  devices,
});
const file = (name: string, ...structures: object[]): string => {
  const path = join(folder, name);
  writeFileSync(path, tableOf({ header: { hostAddressWidth: 38 }, structures }));
  return path;
};

const usb = rmrr('0xbf7ec000', '0xbf7fffff', '0000:00:1d.0', '0000:00:1a.0');
const graphics = rmrr('0xdb800000', '0xdf9fffff', '0000:00:02.0');
const laptop = file('laptop.dat', drhd, usb, graphics);
const high = file(
  'high.dat',
  drhd,
  rmrr('0xfff0000000000000', '0xffffffffffffffff', '0000:00:1d.0'),
);
const overlapping = file('overlapping.dat', drhd, usb, { ...usb }, graphics);
const bad = join(folder, 'bad.dat');
writeFileSync(bad, 'nothing of the kind, but long enough to be looked at as a table might be');

const json = async (...args: string[]) => {
  const { stdout } = await runDmar(['map', '--json', ...args]);
  return JSON.parse(stdout);
};

describe('dmar map --json', () => {
  it('keeps the contract: keys in order, addresses as strings, frames as integers', async () => {
    const { stdout, stderr, status } = await runDmar(['map', laptop, '--json']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.endsWith('}\n')).toBe(true);
    const document = JSON.parse(stdout);
    expect(schemaErrors('map', document)).toEqual([]);
    expect(Object.keys(document).slice(0, 7)).toEqual([
      'source',
      'model',
      'boot',
      'hypercall',
      'entries',
      'ignored',
      'diagnostics',
    ]);
    expect(document.entries).toEqual([
      {
        start_pfn: 0xdb800,
        nr_pages: 0x4200,
        base: '0x00000000db800000',
        limit: '0x00000000df9fffff',
        end_pfn: 0xdf9ff,
        size: 0x4200000,
        rmrr: { index: 1, offset: 104 },
        origin: { table: 'DMAR', structure: 'RMRR', index: 1, offset: 104 },
        devices: ['0000:00:02.0'],
      },
      {
        start_pfn: 0xbf7ec,
        nr_pages: 20,
        base: '0x00000000bf7ec000',
        limit: '0x00000000bf7fffff',
        end_pfn: 0xbf7ff,
        size: 0x14000,
        rmrr: { index: 0, offset: 64 },
        origin: { table: 'DMAR', structure: 'RMRR', index: 0, offset: 64 },
        devices: ['0000:00:1d.0', '0000:00:1a.0'],
      },
    ]);
    expect(document.hypercall).toMatchObject({ nr_entries_in: 2, rc: 0, errno: null });
  });

  it('writes integers beyond 2^53 with all their digits', async () => {
    const { stdout } = await runDmar(['map', high, '--json']);
    expect(stdout).toContain('"nr_pages": 18442241573593808896');
    expect(schemaErrors('map', JSON.parse(stdout))).toEqual([]);
  });

  it('answers -ENOBUFS, the first entries and exit status 1 where there is too little room', async () => {
    const { stdout, status } = await runDmar(['map', laptop, '--json', '--nr-entries', '1']);
    const { hypercall, entries } = JSON.parse(stdout);
    expect(hypercall).toMatchObject({
      nr_entries_in: 1,
      rc: -105,
      errno: 'ENOBUFS',
      nr_entries: 2,
    });
    expect(entries).toHaveLength(1);
    expect(status).toBe(1);
  });

  it('gives an array only where more than one source was asked for', async () => {
    const both = await json(laptop, high);
    expect(both.map(({ source }: { source: { path: string } }) => source.path)).toEqual([
      laptop,
      high,
    ]);
  });

  it('tells errors as JSON on standard error, usage errors included', async () => {
    for (const [args, code, status] of [
      [[bad], 'not-a-table', 3],
      [[join(folder, 'missing.dat')], 'not-found', 3],
      [[laptop, '--xen', '3.4'], 'unknown-release', 2],
      [[laptop, '--nr-entries', '-1'], 'usage', 2],
      [[laptop, '--device', '0000:00:20.0'], 'usage', 2],
    ] as const) {
      const outcome = await runDmar(['map', '--json', ...args]);
      expect(outcome.stdout).toBe('');
      expect(JSON.parse(outcome.stderr)).toMatchObject({ error: { code } });
      expect(outcome.status).toBe(status);
    }
  });

  it('says when the hypervisor gave the table up, and of each region what became of it', async () => {
    const { boot, entries, ignored, diagnostics } = await json(overlapping);
    expect(boot).toMatchObject({ rc: -17, errno: 'EEXIST', vtd: 'disabled' });
    expect(entries).toEqual([]);
    expect(ignored.map(({ reason }: { reason: string }) => reason)).toEqual([
      'dropped',
      'malformed',
      'not-reached',
    ]);
    expect(diagnostics[0]).toMatchObject({ code: 'xen-table-refused', offset: 104 });
  });

  it('asks for one device, from 4.6 on', async () => {
    const { entries } = await json(laptop, '--device', '00:1a.0', '--xen', '4.17');
    expect(entries.map(({ start_pfn }: { start_pfn: number }) => start_pfn)).toEqual([0xbf7ec]);
    const old = await runDmar(['map', laptop, '--device', '00:1a.0', '--xen', 'rfc-v7']);
    expect(old.status).toBe(2);
    expect(old.stderr).toContain('cannot ask for one device');
  });

  it("follows Xen's command line", async () => {
    expect((await json(laptop, '--xen-cmdline', 'iommu=off')).entries).toEqual([]);
    expect((await json(laptop, '--no-iommu')).model.iommu).toBe('off');
    const [first] = (await json(laptop, '--xen-cmdline', 'rmrr=1000=0:1d.0')).entries;
    expect(first).toMatchObject({ start_pfn: 0x1000, nr_pages: 1, rmrr: null });
    const panic = await runDmar(['map', overlapping, '--json', '--xen-cmdline', 'iommu=force']);
    expect(JSON.parse(panic.stdout).boot.outcome).toBe('panic');
    expect(schemaErrors('map', JSON.parse(panic.stdout))).toEqual([]);
    expect(panic.status).toBe(1);
  });
});

describe('dmar map --raw', () => {
  it("is the caller's buffer, native and compat", async () => {
    const native = await runDmar(['map', laptop, '--raw']);
    expect(native.bytes.toString('hex')).toBe(
      '00b80d0000000000' + '0042000000000000' + 'ecf70b0000000000' + '1400000000000000',
    );
    const compat = await runDmar(['map', laptop, '--raw', '--compat']);
    expect(compat.bytes.toString('hex')).toBe('00b80d00' + '00420000' + 'ecf70b00' + '14000000');
    expect(compat.stderr).toBe('');
  });

  it('writes nothing and fails where an entry does not fit the compat caller', async () => {
    const { bytes, stderr, status } = await runDmar(['map', high, '--raw', '--compat', '-q']);
    expect([bytes.length, status]).toEqual([0, 1]);
    expect(stderr).toContain('-ERANGE');
  });
});

describe('dmar map as text', () => {
  it('is the default command, and fits 80 columns without colour when piped', async () => {
    const { stdout, status } = await runDmar([laptop], { env: { COLUMNS: '80' } });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^ +0xdb800 +0xdf9ff +16896 0xdb800000-0xdf9fffff +66 MiB 00:02\.0 +#1$/m,
    );
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('\x1b');
  });

  it('begins with the alarm where VT-d is off', async () => {
    const { stdout, status } = await runDmar([overlapping]);
    expect(stdout).toMatch(/^VT-D IS OFF/);
    expect(stdout).toContain('offset 104');
    expect(status).toBe(1);
  });

  it.each([
    [['--color', 'always'], {}, true],
    [['--color', 'always'], { NO_COLOR: '1' }, true],
    [['--color', 'never'], { FORCE_COLOR: '1' }, false],
    [[], { FORCE_COLOR: '1' }, true],
    [[], { FORCE_COLOR: '0' }, false],
    [[], { NO_COLOR: '1' }, false],
  ])('colours with %j and %j: %s', async (args, env, colored) => {
    const { stdout } = await runDmar([laptop, ...args], { env });
    expect(stdout.includes('\x1b[')).toBe(colored);
  });

  it('answers the other sources where one cannot be read, and exits with the worst status', async () => {
    const { stdout, stderr, status } = await runDmar(['map', bad, laptop]);
    expect(stdout).toContain('0xdb800');
    expect(stderr).toContain('bad.dat');
    expect(status).toBe(3);
  });
});

describe('dmar map refuses', () => {
  it.each([
    ['--raw in a format', [laptop, '--raw', '--json'], 'one-buffer'],
    ['--raw of several sources', [laptop, laptop, '--raw', '--json'], 'one-buffer'],
    ['a picture on standard output', [laptop, '--svg', '-', '--json'], 'no-picture-file'],
  ])('%s', async (_, args, code) => {
    const { status, stdout, stderr } = await runDmar(['map', ...args]);
    expect([status, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr).error.code).toBe(code);
  });

  it('to tell of one device what a log does not', async () => {
    const input = Buffer.from('DMAR: RMRR base: 0xbf7e8000 end: 0xbf7f7fff\n');
    const { status, stdout, stderr } = await runDmar(['map', '-', '--device', '0:1d.0'], { input });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('does not say which device uses which region');
  });

  it('help on a full disk with a sentence', async () => {
    const { status, stderr } = await runShell('dmar --help > /dev/full');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^dmar: Standard output cannot be written: .*\n$/);
  });
});

describe('dmar map in a shell', () => {
  it('does not mind a reader that stops early', async () => {
    const script = `dmar map ${laptop} --format csv | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await runShell(script);
    expect(stdout).toMatch(/^source,start_pfn,.*\n0\n$/);
    expect(stderr).toBe('');
  });

  it('reads standard input', async () => {
    const { stdout } = await runShell(`cat ${laptop} | dmar map - --format ndjson`);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).start_pfn)).toEqual([0xdb800, 0xbf7ec]);
  });
});
