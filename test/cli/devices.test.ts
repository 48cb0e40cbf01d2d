import { describe, expect, test } from 'vitest';
import { runDmar } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

const HOST = ['--root', 'fixtures/rack-server-host'];

async function json(...args: string[]) {
  const { status, stdout, stderr } = await runDmar(['devices', ...args, '--json']);
  expect(stderr).toBe('');
  const answer = JSON.parse(stdout);
  expect(schemaErrors('devices', answer)).toEqual([]);
  const devices: Record<string, { linux: string; xen: string }> = {};
  for (const { device, linux, xen } of answer.devices) {
    devices[device] = { linux: linux.verdict, xen: xen.verdict };
  }
  return { status, answer, devices };
}

const BINDING = ['01:00.0', '01:00.2', '02:00.0', '05:00.0', '05:00.1', '06:00.0'].concat([
  '07:00.0',
  '07:00.1',
  '07:00.2',
  '07:00.3',
]);
const blocked = { linux: 'blocked', xen: 'needs relaxed' };
const EXPECTED = Object.fromEntries([
  ['0000:00:1a.0', { linux: 'ok', xen: 'needs relaxed' }],
  ['0000:00:1d.0', { linux: 'ok', xen: 'needs relaxed' }],
  // A USB controller, but in the IOMMU group of two functions with binding regions.
  ['0000:01:00.4', blocked],
  ...BINDING.map((bdf) => [`0000:${bdf}`, blocked]),
]);

describe('the rack server', () => {
  test.each(['5.15', '6.8'])('under Linux %s and its own Xen', async (linux) => {
    const { status, answer, devices } = await json(...HOST, '--linux', linux);
    expect(status).toBe(0);
    expect(devices).toEqual(EXPECTED);
    expect(answer.model).toEqual({ linux, relax_rmrr: false, xen: '4.17.4' });
    for (const { disagreements } of answer.devices) expect(disagreements).toEqual([]);
  });

  test('judges by its own releases where none is given', async () => {
    const { answer } = await json(...HOST);
    expect(answer.model).toMatchObject({ linux: '6.8.0-45-generic', xen: '4.17.4' });
  });

  test('with relax_rmrr nothing is blocked', async () => {
    const { devices } = await json(...HOST, '--relax-rmrr');
    expect(new Set(Object.values(devices).map(({ linux }) => linux))).toEqual(new Set(['ok']));
  });

  test('answers for the devices asked for, and exits 1 where one is blocked', async () => {
    expect(await json(...HOST, '00:1a.0')).toMatchObject({ status: 0 });
    const { status, devices } = await json(...HOST, '00:1a.0', '0000:02:00.0');
    expect(status).toBe(1);
    expect(Object.keys(devices)).toEqual(['0000:00:1a.0', '0000:02:00.0']);
    // No region of its own, but refused with its group.
    expect(await json(...HOST, '01:00.1')).toMatchObject({
      status: 1,
      devices: { '0000:01:00.1': { linux: 'blocked', xen: 'ok' } },
    });
  });

  test('--all lists every function', async () => {
    const { devices } = await json(...HOST, '--all');
    expect(Object.keys(devices)).toHaveLength(24);
  });

  test.each([80, 120, 200])(
    'fits %d columns as text, kernels’ sentences included',
    async (columns) => {
      const env = { COLUMNS: String(columns) };
      const { status, stdout } = await runDmar(['devices', ...HOST], { env });
      expect(status).toBe(0);
      const lines = stdout.split('\n');
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
      const text = stdout.replace(/\s+/g, ' ');
      expect(text).toContain(
        'Firmware has requested this device have a 1:1 IOMMU mapping, rejecting',
      );
      expect(text).toContain("It's disallowed to assign 0000:02:00.0 with shared RMRR at bdf83000");
      expect(lines.some((line) => line.includes('hpsa'))).toBe(columns === 200);
    },
  );
});

describe('as lines for scripts', () => {
  test('NDJSON has the devices of the JSON, a line each', async () => {
    const { answer } = await json(...HOST);
    const { stdout } = await runDmar(['devices', ...HOST, '--format', 'ndjson']);
    const lines = stdout.trimEnd().split('\n');
    const { source } = JSON.parse(lines[0] as string);
    expect(source).toBe(answer.source.path);
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      answer.devices.map((device: object) => ({ source, ...device })),
    );
  });

  test('CSV has a heading and a line for each', async () => {
    const { stdout } = await runDmar(['devices', ...HOST, '--format', 'csv', '00:1a.0']);
    const [heading, line, end] = stdout.split('\n');
    expect(heading?.split(',').slice(0, 2)).toEqual(['source', 'device']);
    expect(line).toContain(',0000:00:1a.0,0x8086,0x1d2d,');
    expect(line).toMatch(
      /,0x00000000bdff6000-0x00000000bdffbfff,relaxable,ok,relaxable,needs relaxed,shared-region$/,
    );
    expect(end).toBe('');
  });
});

describe('what cannot be answered', () => {
  test.each([
    ['00:1d.9', /no PCI address/],
    ['0000:00:20.0', /no PCI address/],
    ['00:1b.0', /there is no device 0000:00:1b\.0/],
  ])('%s', async (bdf, message) => {
    const { status, stderr, stdout } = await runDmar(['devices', ...HOST, bdf]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('a release that is none', async () => {
    const { status, stderr } = await runDmar(['devices', ...HOST, '--linux', 'newest']);
    expect(status).toBe(2);
    expect(stderr).toContain('newest');
  });
});

test('a table alone says what it can: the devices it names, their classes unknown', async () => {
  const { status, answer, devices } = await json('fixtures/laptop.dat');
  expect(status).toBe(0);
  expect(Object.values(devices).every(({ linux }) => linux === 'unknown')).toBe(true);
  expect(answer.notes.join(' ')).toContain('--linux');
});

test('a device of an unknown machine that nothing names is answered for', async () => {
  const { status, answer } = await json('fixtures/laptop.dat', '01:00.0');
  expect(status).toBe(0);
  expect(answer.devices).toMatchObject([
    { device: '0000:01:00.0', linux: { verdict: 'ok', reason: 'no-region' } },
  ]);
  const other = await json('fixtures/laptop.dat', '0001:01:00.0');
  expect(other.status).toBe(1);
  expect(other.answer.devices[0].linux).toMatchObject({ verdict: 'blocked', reason: 'no-unit' });
  expect(other.answer.devices[0].linux.message).toContain('no remapping unit of segment 0001');
});
