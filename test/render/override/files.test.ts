import { describe, expect, it } from 'vitest';
import { tableArchive } from '../../../src/render/override/archive.js';
import { grubSnippet } from '../../../src/render/override/grub.js';
import { openCoreEntries } from '../../../src/render/override/opencore.js';
import { waysFor } from '../../../src/render/override/ways.js';

const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);

describe.each(['DMAR', 'IVRS'] as const)('what loads a changed %s table', (table) => {
  it('is an archive in which Linux looks for it', () => {
    const archive = text(tableArchive(table, new Uint8Array([0xaa, 0xbb])));
    expect(archive).toContain(`kernel/firmware/acpi/${table}.aml\0`);
    expect(archive.length % 512).toBe(0);
  });

  it('is a command of GRUB that leaves the old table out', () => {
    expect(grubSnippet(table)).toContain(`acpi --exclude=${table} /boot/${table}.aml`);
    expect(grubSnippet(table)).toContain('To go back');
  });

  it('is a pair of entries for OpenCore, the old table by its signature', () => {
    const [, data = ''] =
      /<key>TableSignature<\/key><data>(.*)<\/data>/.exec(openCoreEntries(table)) ?? [];
    expect(atob(data)).toBe(table);
    expect(openCoreEntries(table)).toContain(`<string>${table}.aml</string>`);
    expect(openCoreEntries(table)).toContain('To go back');
  });

  it.each(waysFor(table))('is told with the way back: $code', ({ steps, back }) => {
    expect(steps.length).toBeGreaterThan(0);
    expect(back).not.toBe('');
  });
});
