import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findReleases, releaseRanges } from '../../src/xen/releases.js';
import { runDmar, runShell } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

const FIXTURE = 'fixtures/laptop.dat';

interface Line {
  path: string;
  error?: { code: string };
  entries?: unknown[];
  findings?: { rule: string }[];
  host?: unknown;
  labels?: Record<string, string>;
  refused_by?: string[];
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe('dmar scan', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dmar-scan-'));
    mkdirSync(join(folder, 'a'));
    for (const name of ['a/z.dat', 'a.dat', 'a-b', 'c.dat', 'a/10', 'a/9']) {
      cpSync(FIXTURE, join(folder, name));
    }
    writeFileSync(join(folder, 'notes.txt'), 'nothing to see');
    writeFileSync(join(folder, 'empty'), '');
    symlinkSync('..', join(folder, 'a/loop'));
    symlinkSync('nowhere', join(folder, 'dangling'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('prints a line for each table, in the order of the paths', async () => {
    const { status, stdout, stderr } = await runDmar(['scan', folder]);
    expect(status).toBe(0);
    const paths = linesOf(stdout).map(({ path }) => path.slice(folder.length + 1));
    expect(paths).toEqual(['a-b', 'a.dat', 'a/10', 'a/9', 'a/z.dat', 'c.dat']);
    expect(paths).toEqual([...paths].sort());
    expect(stderr).toBe('dmar: 6 tables found; 2 other files hold no table.\n');
  });

  test('tells of each table what map and check tell of it, as the schema says', async () => {
    const { stdout } = await runDmar(['scan', 'fixtures', '-q']);
    const lines = linesOf(stdout);
    const tables = readdirSync('fixtures').filter((name) => name.endsWith('.dat'));
    expect(lines.map(({ path }) => path)).toEqual(
      expect.arrayContaining(tables.map((name) => `fixtures/${name}`)),
    );
    for (const line of lines) {
      expect(schemaErrors('scan', line)).toEqual([]);
      const map = JSON.parse((await runDmar(['map', line.path, '--json', '-q'])).stdout);
      const check = JSON.parse((await runDmar(['check', line.path, '--json', '-q'])).stdout);
      expect(line.entries).toEqual(map.entries);
      // Fingerprints are for baselines, which check alone has.
      const findings = check.findings.map(
        ({ fingerprint: _, ...finding }: object & { fingerprint: string }) => finding,
      );
      expect(line.findings).toEqual(findings);
    }
  }, 60_000);

  test('makes a line of what cannot be read, and goes on', async () => {
    const { status, stdout, stderr } = await runDmar(['scan', join(folder, 'none'), FIXTURE]);
    expect(status).toBe(0);
    const [missing, found] = linesOf(stdout);
    expect(missing?.error?.code).toBe('not-found');
    expect(schemaErrors('scan', missing)).toEqual([]);
    expect(found?.path).toBe(FIXTURE);
    expect(stderr).toBe('dmar: 1 table found; 1 path could not be read.\n');
  });

  test.skipIf(process.getuid?.() === 0 && 'root may read everything')(
    'makes a line of a directory it may not read',
    async () => {
      const closed = join(folder, 'closed');
      mkdirSync(closed);
      chmodSync(closed, 0);
      const { stdout } = await runDmar(['scan', closed]);
      expect(linesOf(stdout)[0]?.error?.code).toBe('not-permitted');
    },
  );

  test('says of a file that is named and holds no table what it is', async () => {
    const { status, stdout } = await runDmar(['scan', join(folder, 'notes.txt')]);
    expect(status).toBe(3);
    expect(linesOf(stdout)[0]?.error?.code).toBe('not-a-table');
  });

  test('answers thousands of files from several threads as it does a few', async () => {
    const many = join(folder, 'many');
    mkdirSync(many);
    for (let i = 0; i < 1500; i++) cpSync(FIXTURE, join(many, String(i).padStart(4, '0')));
    const { stdout } = await runDmar(['scan', many, join(folder, 'none')]);
    rmSync(many, { recursive: true });
    const lines = linesOf(stdout);
    expect(lines.pop()?.error?.code).toBe('not-found');
    expect(lines.map(({ path }) => path.slice(-4))).toEqual(
      Array.from({ length: 1500 }, (_, i) => String(i).padStart(4, '0')),
    );
    const [first] = linesOf((await runDmar(['scan', FIXTURE])).stdout);
    expect(lines.every(({ entries }) => entries?.length === first?.entries?.length)).toBe(true);
  }, 60_000);

  describe('of a captured host', () => {
    const facts = {
      'sys/class/dmi/id/sys_vendor': 'Example\n',
      'sys/class/dmi/id/product_name': 'Rack 2\n',
      'sys/class/dmi/id/bios_version': 'U30 v2.1\n',
      'proc/sys/kernel/osrelease': '6.8.12-4-pve\n',
      'sys/hypervisor/type': 'xen\n',
      'sys/hypervisor/version/major': '4\n',
      'sys/hypervisor/version/minor': '17\n',
      'sys/hypervisor/version/extra': '.3\n',
    };
    let tree: string;
    let archive: string;
    beforeAll(async () => {
      tree = join(folder, '../', `${basename(folder)}-host`);
      archive = `${tree}.tar.gz`;
      // Links of its own, which lead nowhere from elsewhere, stay as they are.
      cpSync('fixtures/rack-server-host', tree, { recursive: true, verbatimSymlinks: true });
      for (const [path, text] of Object.entries(facts)) {
        mkdirSync(dirname(join(tree, path)), { recursive: true });
        writeFileSync(join(tree, path), text);
      }
      await runDmar(['capture', '--root', tree, '-o', archive, '-q']);
    });
    afterAll(() => {
      rmSync(tree, { recursive: true });
      rmSync(archive);
    });

    test('tells from its archive what it tells from its directory', async () => {
      const { stdout } = await runDmar(['scan', '-q', tree, archive]);
      const [fromTree, fromArchive] = linesOf(stdout).map(
        ({ path: _, source: __, ...rest }: Line & { source?: unknown }) => rest,
      );
      expect(fromArchive?.host).toEqual({
        vendor: 'Example',
        product: 'Rack 2',
        firmware: 'U30 v2.1',
        linux: '6.8.12-4-pve',
        xen: '4.17.3',
      });
      expect(fromArchive).toMatchObject({ model: { xen: '4.17.3' } });
      expect(fromArchive).toEqual(fromTree);
    });

    test('counts it among the hosts, by its model', async () => {
      const { stdout } = await runDmar(['scan', '-q', '--summary', '--json', archive, FIXTURE]);
      const summary = JSON.parse(stdout);
      expect(schemaErrors('scan', summary)).toEqual([]);
      expect(summary).toMatchObject({ tables: 2, hosts: 1 });
      expect(summary.models).toEqual([
        { name: 'Example Rack 2', from: 'dmi', tables: 1 },
        { name: 'EXAMPL LAPTOP', from: 'table', tables: 1 },
      ]);
    });
  });

  test('has of a log the machine that it names, and none of a bare table', async () => {
    const log = join(folder, 'boot.log');
    writeFileSync(
      log,
      [
        '[    0.000000] Linux version 6.1.0-18-amd64 (gcc) #1 SMP',
        '[    0.000000] DMI: HP ProLiant MicroServer Gen8, BIOS J06 04/04/2019',
        '[    0.010000] DMAR: RMRR base: 0x000000bdf6e000 end: 0x000000bdf6efff',
        '',
      ].join('\n'),
    );
    const { stdout } = await runDmar(['scan', '-q', log, FIXTURE]);
    rmSync(log);
    expect(linesOf(stdout).map(({ host }) => host)).toEqual([
      {
        vendor: null,
        product: 'HP ProLiant MicroServer Gen8',
        firmware: 'J06',
        linux: '6.1.0-18-amd64',
        xen: null,
      },
      null,
    ]);
  });

  test('labels every line, those of what cannot be read as well', async () => {
    const labels = ['--label', 'rack=b12', '--label', 'note=a=b'];
    const { stdout } = await runDmar(['scan', '-q', ...labels, FIXTURE, join(folder, 'none')]);
    for (const line of linesOf(stdout)) {
      expect(line.labels).toEqual({ rack: 'b12', note: 'a=b' });
      expect(schemaErrors('scan', line)).toEqual([]);
    }
    const { status, stderr } = await runDmar(['scan', '--label', '=b12', FIXTURE]);
    expect(status).toBe(2);
    expect(stderr).toContain('It must look like rack=b12.');
  });

  describe('--files-from', () => {
    test('takes further paths from a list, or from standard input', async () => {
      const list = join(folder, '../', `${basename(folder)}.list`);
      writeFileSync(list, `${folder}/c.dat\n\n${folder}/a`);
      const paths = (stdout: string) =>
        linesOf(stdout).map(({ path }) => path.slice(folder.length + 1));
      const { stdout } = await runDmar(['scan', '-q', `${folder}/a-b`, '--files-from', list]);
      rmSync(list);
      expect(paths(stdout)).toEqual(['a-b', 'c.dat', 'a/10', 'a/9', 'a/z.dat']);
      const piped = await runShell(
        `printf '${folder}/c.dat\\0${folder}/a-b\\0' | dmar scan -q -0 --files-from -`,
      );
      expect(paths(piped.stdout)).toEqual(['c.dat', 'a-b']);
    });

    test('makes a line of a listed file that holds no table', async () => {
      const { stdout } = await runShell(`echo ${folder}/notes.txt | dmar scan --files-from -`);
      expect(linesOf(stdout)[0]?.error?.code).toBe('not-a-table');
    });

    test.each([
      ['a list that is not there', 'dmar scan --files-from /nowhere/list', 3, '/nowhere/list'],
      ['NUL bytes', `printf 'a\\0b\\n' | dmar scan --files-from -`, 3, '--null'],
      [
        'an endless line',
        'head -c 9000 /dev/zero | tr "\\0" a | dmar scan --files-from -',
        3,
        'longer',
      ],
      ['no paths at all', 'dmar scan', 2, 'needs a path'],
      ['--null alone', 'dmar scan -0 fixtures', 2, '--files-from'],
      ['standard input twice', 'dmar scan - --files-from - </dev/null', 2, 'Standard input'],
    ])('says what is wrong with %s', async (_, command, status, words) => {
      const { status: ended, stderr } = await runShell(command);
      expect(stderr).toContain(words);
      expect(ended).toBe(status);
    });
  });

  describe('--summary', () => {
    test('sums up what the lines say', async () => {
      const lines = linesOf((await runDmar(['scan', 'fixtures', '-q', '--xen', '4.6..'])).stdout);
      const { stdout } = await runDmar(['scan', 'fixtures', '-q', '--summary', '--json']);
      const summary = JSON.parse(stdout);
      expect(schemaErrors('scan', summary)).toEqual([]);
      expect(summary.tables).toBe(lines.length);
      expect(summary.hosts).toBe(lines.filter(({ host }) => host !== null).length);
      const whole = lines.filter(({ path }) => path !== 'fixtures/truncated.dat');
      expect(summary.partial).toBe(1);
      expect(summary.refused).toBe(whole.filter((line) => line.refused_by?.length).length);
      // Each range, given back to --xen, names as many releases as the lines do.
      const counts = new Map<string, number>();
      for (const { refused_by = [] } of whole) {
        const ranges = releaseRanges(refused_by);
        if (ranges !== '') counts.set(ranges, (counts.get(ranges) ?? 0) + 1);
        expect(ranges === '' ? [] : findReleases(ranges)?.map(({ name }) => name)).toEqual(
          refused_by,
        );
      }
      expect(
        new Map(
          summary.refused_by.map((one: { releases: string; tables: number }) => [
            one.releases,
            one.tables,
          ]),
        ),
      ).toEqual(counts);
    });

    test('counts the devices that devices calls bound', async () => {
      const host = 'fixtures/rack-server-host.tar.gz';
      const { stdout } = await runDmar(['scan', host, '-q', '--summary', '--json']);
      const devices = JSON.parse((await runDmar(['devices', host, '--json', '-q'])).stdout);
      const bound = devices.devices
        .filter(({ memory }: { memory: { kind: string } | null }) => memory?.kind === 'binding')
        .map(({ device }: { device: string }) => device);
      expect(JSON.parse(stdout).devices).toEqual(
        bound.map((device: string) => ({ device, binding: 1, unknown: 0 })),
      );
      expect(bound.length).toBeGreaterThan(0);
    });

    test('is a table for a person, with what could not be read', async () => {
      const { status, stdout } = await runDmar([
        ...['scan', '--summary', '--xen', '4.17', 'fixtures/overlapping-rmrrs.dat', '-q'],
        join(folder, 'none'),
      ]);
      expect(status).toBe(0);
      expect(stdout).toContain('1 table; of 0 the machine is known.');
      expect(stdout).toContain('Xen 4.17.7 was asked; 1 refused by some of it.');
      expect(stdout).toMatch(/^ +1 {2}EXAMPL OVERLAP \(in the table\)$/m);
      expect(stdout).toMatch(/^ +1 {2}4\.17\.7$/m);
      expect(stdout).toMatch(/^ +1 {2}not-found +\S+none$/m);
    });

    test('is the same from several threads', async () => {
      const many = join(folder, 'sums');
      mkdirSync(many);
      for (let i = 0; i < 1030; i++) cpSync(FIXTURE, join(many, String(i)));
      const { stdout } = await runDmar(['scan', many, '-q', '--summary', '--json']);
      rmSync(many, { recursive: true });
      const one = await runDmar(['scan', FIXTURE, '-q', '--summary', '--json']);
      expect(stdout).toBe(
        one.stdout
          .replaceAll(/: 1(?=,?$)/gm, ': 1030')
          .replace('"format_version": 1030', '"format_version": 1'),
      );
    }, 60_000);
  });

  test('stops when its reader does', async () => {
    const { stdout, stderr } = await runShell(`dmar scan fixtures -q | head -n 1`);
    expect(linesOf(stdout).length).toBe(1);
    expect(stderr).toBe('');
  });

  // Not everywhere is there a terminal to be had.
  test.skipIf(spawnSync('script', ['-qec', 'true', '/dev/null']).status !== 0)(
    'shows its progress on a terminal only',
    async () => {
      const { stdout } = await runShell(
        // script runs its command in $SHELL, and only bash knows an exported function.
        `export -f dmar; SHELL=$BASH script -qec "dmar scan fixtures 2>&1 >/dev/null" /dev/null`,
      );
      expect(stdout).toContain('files');
    },
  );
});
