import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { rulesFor } from '../../src/check/check.js';
import { RULE_SETS, RULES } from '../../src/check/rules.js';
import { runDmar, runShell } from '../support/program.js';
import { sarifErrors, schemaErrors } from '../support/schema.js';
import { tableOf } from '../support/tables.js';

const folder = mkdtempSync(join(tmpdir(), 'dmar-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LAPTOP = 'fixtures/laptop.dat';
const OVERLAP = 'fixtures/overlapping-rmrrs.dat';
const SHARED = 'fixtures/two-socket.dat';

/** The rules about DMAR tables, and those of them that need facts about the machine. */
const OWN = RULE_SETS.DMAR.rules;
const ASKING = OWN.filter(({ needs }) => needs !== undefined);

/** A name with everything that means something to one of the formats. */
const oddName = join(folder, 'a b,c:d%&<>"é.dat');
writeFileSync(oddName, readFileSync(OVERLAP));

const check = (...args: string[]) => runDmar(['check', ...args]);

describe('dmar check', () => {
  it('says what is wrong, who trips over it and what to do, within 80 columns', async () => {
    const { stdout, stderr, status } = await runDmar(['check', OVERLAP], {
      env: { COLUMNS: '80' },
    });
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).toContain('error: Two regions overlap (rmrr-overlap)');
    expect(stdout).toContain('Xen: the whole table is refused with -EEXIST: VT-d is off.');
    expect(stdout).toContain("What to do: Ask the firmware's vendor");
    expect(stdout).toContain('Found 1 error.');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('finds nothing in a table that is in order', async () => {
    const { stdout, status } = await check(LAPTOP);
    expect(status).toBe(0);
    expect(stdout).toContain('Nothing found.');
    expect(stdout).toMatch(/\d+ rules skipped/);
  });

  it.each([
    ['error', 0],
    ['warning', 1],
    ['info', 1],
  ])('fails on a warning with --fail-on %s: exit %i', async (level, expected) => {
    expect((await check(SHARED, '--fail-on', level)).status).toBe(expected);
  });

  it('leaves out the rules of --ignore, and all but those of --only', async () => {
    expect((await check(OVERLAP, '--ignore', 'rmrr-overlap')).status).toBe(0);
    expect((await check(OVERLAP, '--only', 'table-checksum', '--only', 'drhd-none')).status).toBe(
      0,
    );
    expect((await check(OVERLAP, '--only', 'rmrr-overlap')).status).toBe(1);
    expect((await check(OVERLAP, '--only', 'table-checksum,rmrr-overlap')).status).toBe(1);
  });

  it('refuses a rule that there is none of', async () => {
    for (const option of ['--ignore', '--only', '--explain']) {
      const { status, stderr, stdout } = await check(LAPTOP, option, 'rmrr-nonsense');
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain('There is no rule "rmrr-nonsense".');
    }
  });

  it('goes on after a source that cannot be read, and answers with the worst status', async () => {
    const { status, stdout, stderr } = await check('no-such-file', LAPTOP);
    expect(status).toBe(3);
    expect(stdout).toContain('Nothing found.');
    expect(stderr).toContain('no-such-file');
  });

  it('asks the rules about the machine where its facts are given', async () => {
    const host = join(folder, 'host');
    const rules = JSON.parse((await check(LAPTOP, '--json')).stdout).not_run;
    const setUp = `mkdir -p ${host}/sys/firmware/memmap/0 && cd ${host}/sys/firmware/memmap/0 &&
      echo 0x0 > start && echo 0xffffffff > end && echo 'System RAM' > type`;
    expect((await runShell(setUp)).status).toBe(0);
    const { stdout, status } = await check(LAPTOP, '--json', '--root', host);
    const { findings, not_run } = JSON.parse(stdout);
    expect(status).toBe(1);
    expect(findings.map(({ rule }: { rule: string }) => rule)).toContain('rmrr-in-usable-memory');
    expect(rules).toContain('rmrr-in-usable-memory');
    const needs = new Map(OWN.map((rule) => [rule.id, rule.needs]));
    expect(not_run).toEqual(rules.filter((id: string) => needs.get(id) !== 'memoryMap'));
  });

  it('shows a person at most 20 findings of a rule, and a program all', async () => {
    const many = join(folder, 'many.dat');
    const region = { name: 'RMRR', baseAddress: '0x1000', limitAddress: '0x1fff' };
    const devices = ['0000:00:1d.0'];
    const structures = [
      { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed91000' },
      ...Array.from({ length: 51 }, () => ({ ...region, devices })),
    ];
    writeFileSync(many, tableOf({ structures }));
    expect((await check(many)).stdout).toContain('and 30 more, which --format ndjson lists.');
    expect((await check(many, '-f', 'ndjson')).stdout.split('\n').length).toBe(50 + 1);
  });
});

describe('dmar check --format', () => {
  it('json fits its schema, for one source and for several', async () => {
    const one = await check(OVERLAP, '--json');
    const document = JSON.parse(one.stdout);
    expect(schemaErrors('check', document)).toEqual([]);
    expect(document.findings).toEqual([
      {
        rule: 'rmrr-overlap',
        severity: 'error',
        offset: 144,
        length: 16,
        message:
          'The RMRR at offset 136, 0xbf7f0000-0xbf7fffff, overlaps the RMRR at offset 104, 0xbf7e8000-0xbf7f7fff.',
        fingerprint: '8a7ab2332e2b4388:1',
      },
    ]);
    const two = JSON.parse((await check(OVERLAP, LAPTOP, '--json')).stdout);
    expect(two).toEqual([document, JSON.parse((await check(LAPTOP, '--json')).stdout)]);
  });

  it('ndjson has the findings of json, a line each, with their source', async () => {
    const { stdout } = await check(SHARED, OVERLAP, '-f', 'ndjson');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { findings } = JSON.parse((await check(SHARED, '--json')).stdout);
    expect(lines.slice(0, -1)).toEqual(
      findings.map((finding: object) => ({ source: SHARED, ...finding })),
    );
    expect(lines.at(-1)?.source).toBe(OVERLAP);
  });

  it('sarif is valid, with regions in bytes and the rules it was asked for', async () => {
    const { stdout, status } = await check(oddName, SHARED, '-f', 'sarif');
    expect(status).toBe(1);
    const log = JSON.parse(stdout);
    expect(sarifErrors(log)).toEqual([]);
    const [{ tool, results, artifacts }] = log.runs;
    expect(tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(
      rulesFor('DMAR', RULES).map(({ id }) => id),
    );
    expect(results[0]).toMatchObject({
      ruleId: 'rmrr-overlap',
      level: 'error',
      locations: [{ physicalLocation: { region: { byteOffset: 144, byteLength: 16 } } }],
    });
    expect(decodeURIComponent(artifacts[0].location.uri)).toBe(`file://${oddName}`);
    for (const { ruleId, ruleIndex, locations } of results) {
      expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
      const { uri, index } = locations[0].physicalLocation.artifactLocation;
      expect(artifacts[index].location.uri).toBe(uri);
    }
  });

  it('sarif has no regions of a file that is not the table itself', async () => {
    const packed = join(folder, 'overlap.dat.gz');
    writeFileSync(packed, gzipSync(readFileSync(OVERLAP)));
    const [{ results, artifacts }] = JSON.parse((await check(packed, '-f', 'sarif')).stdout).runs;
    expect(results[0].locations[0].physicalLocation.region).toEqual({ startLine: 1 });
    expect(artifacts).toEqual([{ location: { uri: `file://${packed}` } }]);
  });

  it('none passes over a source that cannot be read', async () => {
    const of = async (format: string) => (await check('nope', LAPTOP, '-f', format)).stdout;
    expect(await of('github')).toBe('::error file=nope,title=not-found::There is no file nope.\n');
    expect(await of('junit')).toMatch(/<testsuites [^>]*errors="1".*There is no file nope\./s);
    const log = JSON.parse(await of('sarif'));
    expect(sarifErrors(log)).toEqual([]);
    expect(log.runs[0].invocations).toMatchObject([
      {
        executionSuccessful: false,
        toolExecutionNotifications: [{ message: { text: 'There is no file nope.' } }],
      },
    ]);
  });

  it('sarif is not valid with any region', async () => {
    const log = JSON.parse((await check(OVERLAP, '-f', 'sarif')).stdout);
    log.runs[0].results[0].locations[0].physicalLocation.region.byteOffset = 'far away';
    expect(sarifErrors(log)).not.toEqual([]);
  });

  it('github has an annotation a line, with what would end a property escaped', async () => {
    const { stdout } = await check(oddName, '-f', 'github');
    expect(stdout).toMatch(/^::error file=.*,title=rmrr-overlap::The RMRR at offset 136, .*\.\n$/);
    expect(stdout).toContain('a b%2Cc%3Ad%25&<>"é.dat');
  });

  it('junit has a case for each rule, failing, passing or skipped', async () => {
    const script = `dmar check '${oddName}' ${SHARED} -f junit > '${folder}/junit.xml'
      python3 - '${folder}/junit.xml' <<'EOF'
import sys, xml.etree.ElementTree as tree
for suite in tree.parse(sys.argv[1]).getroot():
    cases = suite.findall('testcase')
    of = lambda what: [case.get('name') for case in cases if case.find(what) is not None]
    print(suite.get('name').split('/')[-1], len(cases), of('failure'), len(of('skipped')), of('system-out'))
EOF`;
    const { stdout, status, stderr } = await runShell(script);
    if (/python3: (command )?not found/.test(stderr)) return;
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      `a b,c:d%&<>"é.dat ${OWN.length} ['rmrr-overlap'] ${ASKING.length} []`,
      `two-socket.dat ${OWN.length} [] ${ASKING.length} ['rmrr-shared']`,
      '',
    ]);
  });
});

describe('dmar check --list and --explain', () => {
  it('print every rule on a line, and as JSON', async () => {
    const text = (await check('--list')).stdout;
    for (const { id } of RULES) expect(text).toContain(`\n${id} `);
    const rules = JSON.parse((await check('--list', '--json')).stdout);
    expect(rules.length).toBe(RULES.length);
    const document = JSON.parse((await check(LAPTOP, '--json')).stdout);
    expect(schemaErrors('check', { ...document, rules })).toEqual([]);
  });

  it('print one rule in full', async () => {
    const { stdout, status } = await check('--explain', 'rmrr-in-usable-memory');
    expect(status).toBe(0);
    expect(stdout).toContain('No firmware reserved region can cover this RMRR');
    expect(stdout).toContain('Xen 4.19 and later: the whole table is refused with -EIO');
    const rule = JSON.parse((await check('--explain', 'rmrr-overlap', '--json')).stdout);
    expect(schemaErrors('check', rule, '#/$defs/rule')).toEqual([]);
  });
});
