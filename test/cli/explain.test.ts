import { expect, test } from 'vitest';
import { runDmar } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

const REFUSAL =
  'vfio-pci 0000:05:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.';

test('a line beside a captured host is explained with the regions of that host', async () => {
  const { status, stdout } = await runDmar([
    'explain',
    REFUSAL,
    '--root',
    'fixtures/rack-server-host',
    '--json',
  ]);
  const document = JSON.parse(stdout);
  expect(status).toBe(0);
  expect(schemaErrors('explain', document)).toEqual([]);
  expect(document.lines[0].device).toBe('0000:05:00.0');
  expect(document.lines[0].regions).toHaveLength(5);
  expect(document.lines[0].regions[0].origin).toEqual({
    table: 'DMAR',
    structure: 'RMRR',
    index: 0,
    offset: 80,
  });
});

test('a log from standard input is explained line by line', async () => {
  const { status, stdout } = await runDmar(['explain', '-'], {
    input: new TextEncoder().encode(`[  1.0] nothing\n[  2.0] ${REFUSAL}\n`),
  });
  expect(status).toBe(0);
  expect(stdout).toContain('-:2: ');
  expect(stdout).toContain('What to do');
});

test('where no line is known the exit status is 3', async () => {
  const { status, stdout } = await runDmar(['explain', 'the quick brown fox', '--json']);
  expect(status).toBe(3);
  expect(schemaErrors('explain', JSON.parse(stdout))).toEqual([]);
});

test('what is no file is said to be none', async () => {
  const { status, stderr } = await runDmar(['explain', 'no-such-file']);
  expect(status).toBe(3);
  expect(stderr).toContain('no-such-file');
});
