import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runDmar, runShell } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

const folder = mkdtempSync(join(tmpdir(), 'dmar-scripts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LAPTOP = 'fixtures/laptop.dat';
const OVERLAP = 'fixtures/overlapping-rmrrs.dat';

/** A folder with a table in order, one that Xen refuses below it, and a file that is none. */
const tables = join(folder, 'tables');
mkdirSync(join(tables, 'below'), { recursive: true });
cpSync(LAPTOP, join(tables, 'a.dat'));
cpSync(OVERLAP, join(tables, 'below/DMAR'));
writeFileSync(join(tables, 'notes.txt'), 'nothing to see');

const GREEN = join(import.meta.dirname, '../../../shared/cases/green.sh');

describe('a folder', () => {
  it.each(['map', 'check', 'show', 'devices'])(
    'has each of its tables answered by %s',
    async (command) => {
      const { stdout } = await runDmar([command, tables, '--json']);
      const paths = JSON.parse(stdout).map(
        ({ source }: { source: { path: string } }) => source.path,
      );
      expect(paths).toEqual([join(tables, 'a.dat'), join(tables, 'below/DMAR')]);
    },
  );

  it('fails where one of its tables does', async () => {
    expect((await runDmar(['check', tables, '-f', 'github'])).status).toBe(1);
    expect((await runDmar(['map', tables])).status).toBe(1);
  });

  it('without a table is an error', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const { status, stderr } = await runDmar(['check', empty, '--json']);
    expect([status, JSON.parse(stderr).error.code]).toEqual([3, 'no-acpi-tables']);
  });
});

describe('a script', () => {
  it('has the document of each source on a line, in no list', async () => {
    const { stdout } = await runDmar(['map', LAPTOP, OVERLAP, '--json-lines']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ boot }) => boot.vtd)).toEqual(['enabled', 'disabled']);
  });

  it('chooses columns of CSV, and leaves out their names', async () => {
    const { stdout } = await runDmar([
      LAPTOP,
      '-f',
      'csv',
      '--columns',
      'start_pfn,vtd',
      '--no-header',
    ]);
    expect(stdout).toBe('841728,enabled\n784360,enabled\n');
    const wrong = await runDmar([LAPTOP, '-f', 'csv', '--columns', 'nonsense']);
    expect([wrong.status, wrong.stdout]).toEqual([2, '']);
  });

  it('sees in CSV that VT-d is off', async () => {
    const { stdout, stderr, status } = await runDmar([OVERLAP, '-f', 'csv', '-q']);
    expect(status).toBe(1);
    expect(stdout.split('\n')[1]).toMatch(/,disabled$/);
    expect(stderr).toContain('VT-d is off');
    expect((await runDmar([OVERLAP, '-f', 'csv', '-q', '--exit-zero'])).status).toBe(0);
  });

  it('learns which releases refuse a table', async () => {
    const { stdout, status } = await runDmar([OVERLAP, '--xen', '4.17.6..4.17,4.6', '--json']);
    const document = JSON.parse(stdout);
    expect(document.refused_by).toEqual(['4.6.6', '4.17.6', '4.17.7']);
    expect([document.model.xen, status]).toEqual(['4.17.7', 1]);
    expect(schemaErrors('map', document)).toEqual([]);
  });

  it.each(['4.17..4.13', '9.9', '4.17,', '..', '4.x..'])(
    'is refused the releases %s',
    async (xen) => {
      const expected = xen === '..' ? 0 : 2;
      const { status } = await runDmar([LAPTOP, '--xen', xen]);
      expect(status).toBe(expected);
    },
  );
});

describe('dmar check --baseline', () => {
  it.each(['json', 'sarif'])('as %s fails on new findings only', async (format) => {
    const file = join(folder, `old.${format}`);
    writeFileSync(file, (await runDmar(['check', OVERLAP, LAPTOP, '-f', format])).stdout);
    const again = await runDmar(['check', OVERLAP, '--baseline', file, '--json']);
    expect(again.status).toBe(0);
    const document = JSON.parse(again.stdout);
    expect(document.findings.map(({ known }: { known: boolean }) => known)).toEqual([true]);
    expect(schemaErrors('check', document)).toEqual([]);
    const other = await runDmar(['check', 'fixtures/zero-length.dat', '--baseline', file]);
    expect(other.status).toBe(1);
  });

  it('is refused where it is something else', async () => {
    expect((await runDmar(['check', LAPTOP, '--baseline', 'package.json'])).status).toBe(2);
  });
});

describe('dmar check --rc', () => {
  const rc = (settings: string) => {
    const file = join(folder, 'rc.json');
    writeFileSync(file, settings);
    return file;
  };

  it('leaves out rules, and yields to the command line', async () => {
    const file = rc('{"ignore":["rmrr-overlap"]}');
    expect((await runDmar(['check', OVERLAP, '--rc', file])).status).toBe(0);
    const args = ['check', OVERLAP, '--rc', file, '--ignore', 'table-checksum'];
    expect((await runDmar(args)).status).toBe(1);
  });

  it.each(['{"ignores":[]}', '{"only":"x"}', '[]', 'no'])('refuses %s', async (settings) => {
    const { status, stderr } = await runDmar(['check', LAPTOP, '--rc', rc(settings)]);
    expect(status).toBe(2);
    expect(stderr).toContain('rc.json');
  });
});

describe('dmar check --xen', () => {
  it('leaves out what concerns other releases, and raises what takes VT-d from these', async () => {
    const idsOf = async (...args: string[]) => {
      const { stdout } = await runDmar(['check', 'fixtures/two-socket.dat', '--json', ...args]);
      return JSON.parse(stdout).findings.map(({ rule }: { rule: string }) => rule);
    };
    const all = await idsOf();
    const some = await idsOf('--linux', '6.8');
    expect(some.every((id: string) => all.includes(id))).toBe(true);
  });
});

describe('dmar diff --fail-on', () => {
  it('tells what matters apart', async () => {
    const effects = async (...args: string[]) => {
      const { stdout, status } = await runDmar(['diff', LAPTOP, OVERLAP, '--json', ...args]);
      expect(schemaErrors('diff', JSON.parse(stdout))).toEqual([]);
      return [status, JSON.parse(stdout).effects];
    };
    expect(await effects()).toEqual([1, ['freed', 'vtd', 'blocked', 'any']]);
    expect((await effects('--fail-on', 'vtd'))[0]).toBe(1);
    expect((await effects('--fail-on', 'reserved'))[0]).toBe(0);
  });
});

describe('help', () => {
  it.each(['check', 'rmrr-overlap', 'status'])('explains %s', async (topic) => {
    const { stdout, status } = await runDmar(['help', topic]);
    expect([status, stdout.length > 200]).toEqual([0, true]);
  });

  it.each([
    ['mpa', 'map'],
    ['chek', 'check'],
    ['showw', 'show'],
  ])('for %s proposes %s, before anything is read', async (word, meant) => {
    const { status, stderr, stdout } = await runDmar([word, LAPTOP]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`Did you mean "${meant}"?`);
  });

  it('leaves what is no slip to be a file that is missing', async () => {
    expect((await runDmar(['tables.dat'])).status).toBe(3);
  });
});

describe('the examples', () => {
  const example = (name: string) => readFileSync(join('examples', name), 'utf8');
  /** The lines of a YAML block that begins with a key or dash and `|`, without their indentation. */
  const blocks = (yaml: string) =>
    Array.from(
      yaml.matchAll(/^( *)(?:run: |- )\|\n((?:\1 +.*\n|\n)+)/gm),
      ([, , body = '']) => body,
    );

  it('of GitHub and GitLab run, and fail on a table that Xen refuses', async () => {
    const [annotate] = blocks(example('github-workflow.yml'));
    const script = `cd ${folder} && GITHUB_STEP_SUMMARY=summary.md && ${annotate}`;
    const { status, stdout } = await runShell(script.replace(/^ +/gm, ''));
    expect([status, stdout]).toEqual([1, expect.stringContaining('::error ')]);
    const [check] = blocks(example('gitlab-ci.yml'));
    const made = `cd ${folder} && { dmar check tables --json > dmar-baseline.json; true; } && ( ${check} )`;
    expect((await runShell(made.replace(/^ +/gm, ''))).status).toBe(0);
  });

  it('of a hook refuses a commit with a table that Xen refuses', async () => {
    const hook = join(import.meta.dirname, '../../examples/pre-commit');
    const script = `export -f dmar; mkdir ${folder}/repo && cd ${folder}/repo && git init -q &&
      cp ../tables/a.dat a.dat && git add a.dat && bash ${hook} > /dev/null; echo $?
      cp ../tables/below/DMAR b.dat && git add b.dat && bash ${hook} > /dev/null 2>&1; echo $?`;
    expect((await runShell(script)).stdout).toBe('0\n1\n');
  });
});

describe('people on a terminal', () => {
  it.each([
    ['C', /^[\n -~]*$/],
    ['en_GB.UTF-8', /█/],
  ])('with the locale %s get what it can show', async (locale, expected) => {
    const { stdout } = await runDmar(['guest', LAPTOP, '--memory', '4G'], {
      env: { LC_ALL: locale },
    });
    expect(stdout).toContain('memory=4096');
    expect(stdout).toMatch(expected);
  });

  it('name devices by what they are', async () => {
    const host = ['--root', 'fixtures/rack-server-host', '--json'];
    const { stdout } = await runDmar(['devices', '-d', '8086:3c06', ...host]);
    const [device] = JSON.parse(stdout).devices;
    expect([device.vendor_id, device.device_id]).toEqual(['0x8086', '0x3c06']);
    const none = await runDmar(['devices', '-d', 'ffff:ffff', ...host]);
    expect([none.status, none.stdout]).toEqual([2, '']);
    expect((await runDmar(['devices', '-d', 'nonsense'])).status).toBe(2);
  });
});

describe.skipIf(!existsSync(GREEN))('CI', () => {
  it('is never told green when the tool knows better', async () => {
    const { stdout, status } = await runShell(`export DMAR="$DMAR"; sh ${GREEN}`);
    expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, 'green is green']);
  });
});
