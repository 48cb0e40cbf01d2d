import { describe, expect, test } from 'vitest';
import { answerMap, type MapOptions } from '../../../src/answers/map.js';
import type { TableSource } from '../../../src/evidence/source.js';
import { PLAIN } from '../../../src/render/basics/style.js';
import { mapToJson } from '../../../src/render/map/json.js';
import { table } from '../../../src/render/map/table.js';
import { ivrsFixtures } from '../../support/fixtures.js';
import { tableOf } from '../../support/tables.js';

function ask(bytes: Uint8Array, options: MapOptions) {
  const source: TableSource = {
    kind: 'table',
    table: 'IVRS',
    form: 'binary',
    signature: 'IVRS',
    verbatim: true,
    bytes,
    sha256: '',
    path: 'ivrs.dat',
    notes: [],
    completeness: 'whole',
    log: null,
    hostTree: null,
  };
  const answer = answerMap({ source, host: null }, options);
  const page = { columns: 80, style: PLAIN };
  const text = [...(table.pieces?.(answer, { page } as never) ?? [])].join('');
  return { answer, text, rows: text.split('\n').filter((line) => /^ +0x/.test(line)) };
}

const laptop = ivrsFixtures.find(({ name }) => name === 'laptop')?.bytes ?? new Uint8Array();

describe('the map of an AMD laptop', () => {
  test('20,470 entries take five lines, and JSON has them all', () => {
    const { answer, rows } = ask(laptop, { xen: '4.22' });
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(row).toMatch(/ 00:00\.1\.\.0f:1f\.7 +#\d +4094$/);
    const { entries } = mapToJson(answer) as unknown as { entries: unknown[] };
    expect(entries).toHaveLength(20470);
  });

  test('a 32-bit caller gets an entry without pages for each device, in one line more', () => {
    const { text, rows } = ask(laptop, { xen: '4.22', compat: true });
    expect(rows).toHaveLength(6);
    expect(rows[0]).toMatch(/^ +0x0 +0 none .* - +65533$/);
    expect(text.replace(/\s+/g, ' ')).toContain('65533 of these 86003 entries have no pages');
  });

  test('releases that refuse it are followed by those that do not', () => {
    const { answer, text } = ask(laptop, { xen: '4.17.7' });
    expect(answer.waysOut?.releases).toEqual(['4.18.4', '4.19.1', '4.20.0']);
    expect(text).toMatch(/^AMD-VI IS OFF/);
    expect(text).toContain('4.18.4, 4.19.1');
  });

  test('before 4.16 nothing is reported, and why', () => {
    const { answer, text } = ask(laptop, { xen: '4.15' });
    expect(answer.result.answer).toMatchObject({ rc: 0, nr_entries: 0 });
    expect(answer.result.missing.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 5 }, () => 'never-reported'),
    );
    expect(text).toContain('Xen 4.15.7 reports no regions on AMD machines');
  });

  test('what is assumed of the machine is said', () => {
    expect(ask(laptop, {}).text).toContain('it is assumed that');
  });
});

test('a table on which Xen hangs: it is told, with the only options that help', () => {
  const bytes = tableOf({
    header: { ivInfo: 0x203041 },
    structures: [
      { name: 'IVHD', type: 0x10, device: '00:00.2', capabilityOffset: 64, baseAddress: '0xfd0' },
    ],
  });
  bytes.fill(0, 50, 52);
  bytes[9] = ((bytes[9] ?? 0) - bytes.reduce((sum, byte) => sum + byte, 0)) & 0xff;
  const { answer, text } = ask(bytes, {});
  expect(answer.result.stop).toMatchObject({ outcome: 'hang', phase: 'boot' });
  expect(answer.waysOut).toEqual({ releases: [], options: ['iommu=off,no-intremap'] });
  expect(text).toMatch(/^XEN DOES NOT BOOT/);
  const { boot } = mapToJson(answer) as unknown as { boot: object };
  expect(boot).toMatchObject({ outcome: 'hang', phase: 'boot', rc: null });
});
