import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeDmar } from '../../src/acpi/dmar/decode.js';
import { LOADERS } from '../../src/commands/declarations.js';
import { waysFor } from '../../src/render/override/ways.js';
import { runDmar } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

const WAYS = waysFor('DMAR');
const HOST = 'fixtures/rack-server-host';
const folder = mkdtempSync(join(tmpdir(), 'dmar-override-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const override = (...args: string[]) => runDmar(['override', '--root', HOST, ...args]);

describe('dmar override', () => {
  it('writes nothing without --yes where memory in use would go', async () => {
    const { status, stdout, stderr } = await override('--drop-device', '01:00.0', '-o', at('no'));
    expect(status).toBe(2);
    expect(stdout).toContain('no longer names 01:00.0.');
    expect(stderr).toContain('Nothing was written');
    expect(() => readFileSync(at('no'))).toThrow();
  });

  it('writes the table, the archive, and lines for GRUB and OpenCore', async () => {
    const { status, stdout, stderr } = await override(
      ...['--drop-device', '01:00.0', '--yes', '-o', at('DMAR.aml'), '--initrd', at('acpi.cpio')],
      ...['--grub', at('grub.cfg'), '--opencore', at('config.plist'), '--loader', 'xen', '--json'],
    );
    expect([status, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout);
    expect(schemaErrors('diff', {})).not.toEqual([]);
    expect(schemaErrors('devices', {})).not.toEqual([]);
    expect(schemaErrors('override', document)).toEqual([]);
    expect(document.files.map(({ kind }: { kind: string }) => kind)).toEqual([
      ...['table', 'initrd', 'grub', 'opencore'],
    ]);
    const table = readFileSync(at('DMAR.aml'));
    expect(decodeDmar(table).diagnostics).toEqual([]);
    const archive = readFileSync(at('acpi.cpio'));
    expect(archive.length % 512).toBe(0);
    expect(archive.indexOf('kernel/firmware/acpi/DMAR.aml\0')).toBeGreaterThan(0);
    expect(archive.indexOf(table)).toBeGreaterThan(0);
    expect(readFileSync(at('grub.cfg'), 'utf8')).toContain('acpi --exclude=DMAR');
    expect(readFileSync(at('config.plist'), 'utf8')).toContain('RE1BUg==');
    // A round trip: the new table as a source is what devices judges.
    const again = await runDmar(['devices', at('DMAR.aml'), '--root', HOST, '01:00.0', '--json']);
    const [device] = JSON.parse(again.stdout).devices;
    expect(device.regions).toEqual([]);
    const promised = document.devices.after.find(
      (after: { device: string }) => after.device === '0000:01:00.0',
    );
    expect(device.linux.verdict).toBe(promised.linux.verdict);
  });

  it('shows the difference with --dry-run and writes nothing', async () => {
    const { status, stdout } = await override(
      ...['--drop-region', '0xbdf6e000', '--dry-run', '-o', at('dry')],
    );
    expect(status).toBe(0);
    expect(stdout).toContain('RMRR 0xbdf6e000-0xbdf6efff');
    expect(() => readFileSync(at('dry'))).toThrow();
  });

  it.each(WAYS)('tells how to load it and how to go back: $code', async ({ code, back }) => {
    const { stdout } = await override('--drop-device', '01:00.0', '--loader', code);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`Back: ${back}`);
  });

  it('knows the same loaders as the command line', () => {
    expect(WAYS.map(({ code }) => code)).toEqual(LOADERS);
  });

  it.each([
    [['--add-rmrr', '0x1000-0x0fff,00:02.0'], 'base and last byte'],
    [['--drop-region', 'bdf6e000'], 'address in hex'],
    [['--drop-device', '00:40.0'], '0000:00:1d.0'],
    [[], 'No change was asked for'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await override(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});
