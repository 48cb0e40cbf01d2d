import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { runDmar } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';
import { scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

const HOST = ['--root', 'fixtures/rack-server-host', '--json'];

const devicesOf = async (text: string) => {
  writeFileSync(path('vm'), text);
  const { status, stdout, stderr } = await runDmar(['devices', '--vm', path('vm'), ...HOST]);
  const document = stdout === '' ? null : JSON.parse(stdout);
  if (document !== null) expect(schemaErrors('devices', document)).toEqual([]);
  return { status, stderr, document };
};

test('a Proxmox .conf asks for its devices, a whole device for all its functions', async () => {
  const { status, document } = await devicesOf('hostpci0: 05:00.0,pcie=1\nhostpci1: 07:00\n');
  const names = document.devices.map(({ device }: { device: string }) => device);
  expect(names).toEqual([
    '0000:05:00.0',
    '0000:07:00.0',
    '0000:07:00.1',
    '0000:07:00.2',
    '0000:07:00.3',
  ]);
  expect(status).toBe(1);
});

test('what must go with a device is said, bridges aside', async () => {
  const { document } = await devicesOf('hostpci0: 07:00.0\n');
  expect(document.devices[0].goes_with.group).toEqual([
    '0000:07:00.1',
    '0000:07:00.2',
    '0000:07:00.3',
  ]);
  expect(document.devices[0].goes_with.regions).toContain('0000:05:00.0');
  expect(document.notes.join(' ')).toContain(
    '0000:07:00.0 goes together with the rest of its IOMMU group 4',
  );
});

test('a file that gives no device away is wrong usage', async () => {
  const { status, stderr } = await devicesOf('memory: 1024\n');
  expect(status).toBe(2);
  expect(stderr).toContain('gives no PCI device');
});
