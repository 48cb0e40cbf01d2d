import { describe, expect, it } from 'vitest';
import { answerDevices } from '../../src/answers/devices.js';
import { Failure } from '../../src/base/failure.js';
import { archiveTree } from '../../src/evidence/archive.js';
import { readContent } from '../../src/evidence/content.js';
import { PATH_MAX, resolveInTree } from '../../src/evidence/tree.js';
import { NODE_TOOLS } from '../../src/read/tools.js';
import { PLAIN } from '../../src/render/basics/style.js';
import { csv } from '../../src/render/devices/csv.js';
import { ndjson } from '../../src/render/devices/ndjson.js';
import { table } from '../../src/render/devices/table.js';
import { packArchive } from '../../src/write/archive.js';
import { evidenceOf } from '../support/evidence.js';
import { hostFiles } from '../support/host-tree.js';
import { tableOf } from '../support/tables.js';

/** What is worst for one form or another, again and again. */
const WORST: readonly (readonly [string, string])[] = [
  ['blank lines', '\n'],
  ['blanks', ' '],
  ['quoting', '> > '],
  ['ends of lines that a mailer broke', 'x=\n'],
  ['entities', '&amp;'],
  ['colours', '\u001b[1m'],
  ['digits', '0'],
  ['pairs of digits', '44 '],
  ['words of digits', '00000000 '],
  ['offsets', '0000: '],
  ['bytes of C', '0x44,'],
  ['words of gdb', '0x44 '],
  ['titles of acpidump', 'DMAR @ 0x0\n'],
  ['offsets that step back', '00000010: 44 4d\n00000000: 44 4d\n'],
  ['squeezed lines', '00000000: 44 4d 41 52\n*\n00000008\n'],
  ['ends of dumps', '00000000  44 4d 41 52 01 02 03 04\n00000004\n'],
  ['fields of a listing', '[000h 0000 4] Signature : "DMAR"\n'],
  ['the start of a listing', '[000h 0000'],
  ['words that lines begin with', 'DMAR: RMRR base: '],
  ['regions', 'DMAR: RMRR base: 0x0000001000 end: 0x0000001fff\n'],
  ['endpoints', 'endpoint: 0000:00:1d.0\n'],
  ['structures', 'found ACPI_DMAR_RMRR:\n'],
  ['faults', '[DMA Read] Request device [00:1d.0] fault addr 1000\n'],
  ['functions', '00:00.0 Host bridge [0600]: Intel [8086:1918]\n'],
  ['ranges', '0x1000 0x1fff direct '],
  ['memory', '00001000-00001fff : Reserved\n'],
];

const [SMALL, LARGE] = [2 ** 16, 2 ** 22];
const LIMIT = 2 ** 26;

/** Milliseconds that reading takes; the least of some runs. */
async function timeOf(unit: string, size: number, runs: number): Promise<number> {
  const bytes = new TextEncoder().encode(unit.repeat(Math.ceil(size / unit.length)));
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await readContent(bytes, 'it', LIMIT, NODE_TOOLS.inflaters).catch((error) => {
      if (!(error instanceof Failure)) throw error;
    });
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

describe('reading a text of 4 MiB takes no more than its share of what one of 64 KiB does', () => {
  it.each(WORST)('%s', { timeout: 120_000 }, async (_, unit) => {
    const small = await timeOf(unit, SMALL, 5);
    const large = await timeOf(unit, LARGE, 1);
    // 64 times as long, and 16 times that for the noise of a busy machine: quadratic growth is 4,096 times.
    expect(large).toBeLessThan(16 * (LARGE / SMALL) * Math.max(small, 4));
  });
});

/** Milliseconds that some work takes. */
async function stopwatch(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

describe('devices --all of 20,000 functions takes no more than its share of what one of 2,000 does', () => {
  const [FEW, MANY] = [2000, 20_000];
  const dmar = tableOf({
    structures: [{ name: 'DRHD', includePciAll: true, registerBaseAddress: '0xfed91000' }],
  });
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  const address = (_: unknown, i: number) =>
    `${hex(i >> 16, 4)}:${hex((i >> 8) & 0xff, 2)}:${hex((i >> 3) & 0x1f, 2)}.${i & 7}`;

  it.each<[string, (bdfs: string[]) => string[][]]>([
    ['without IOMMU groups', () => []],
    ['each in a group of its own', (bdfs) => bdfs.map((bdf) => [bdf])],
    ['all in one group', (bdfs) => [bdfs]],
  ])('%s', { timeout: 240_000 }, async (_, grouped) => {
    const timeFor = (count: number) => {
      const bdfs = Array.from({ length: count }, address);
      const groups = grouped(bdfs).map((devices, id) => [id, { devices }]);
      const files = hostFiles({
        linux: '6.12.0',
        pci: bdfs.map((bdf) => ({ bdf, class: '0x020000' })),
        iommuGroups: Object.fromEntries(groups),
      });
      return stopwatch(() => {
        const answer = answerDevices(evidenceOf(dmar, files), { all: true });
        expect(answer.reports).toHaveLength(count);
        const view = { page: { columns: 80, style: PLAIN }, hex: false, columns: null };
        for (const { pieces } of [table, csv, ndjson]) {
          expect([...(pieces?.(answer, { ...view, header: true }) ?? [])].length).toBeGreaterThan(
            0,
          );
        }
      });
    };
    const few = Math.min(await timeFor(FEW), await timeFor(FEW));
    // 10 times as many; quadratic growth is 100 times.
    expect((await timeFor(MANY)) / few).toBeLessThan(4 * (MANY / FEW));
  });
});

describe("an archive's long names and links take no more than their share", () => {
  const table = 'sys/firmware/acpi/tables/DMAR';
  const [SHORT, LONG] = [2 ** 12, 2 ** 18];

  /** Reads through a file of an archive, and lists a directory of it. */
  const timeFor = async (name: string, file: Uint8Array | { link: string }) => {
    const archive = await packArchive(
      new Map<string, Uint8Array | { link: string }>([
        [table, new Uint8Array(48)],
        [name, file],
      ]),
      'host',
      new Date(0),
    );
    return stopwatch(async () => {
      const tree = await archiveTree(archive, 'it');
      for (const path of [name, `${name}/x`]) {
        tree.read(path);
        tree.list(path);
        tree.readlink(path);
      }
      expect(tree.list('sys/firmware/acpi/tables')).toEqual(['DMAR']);
    });
  };

  it.each<[string, (length: number) => Parameters<typeof timeFor>]>([
    ['a link of many names', (n) => ['sys/l', { link: 'a/'.repeat(n / 2) }]],
    ['a link of many steps up', (n) => ['sys/l', { link: '../'.repeat(n / 3) }]],
    ['a link of one name', (n) => ['sys/l', { link: 'a'.repeat(n) }]],
    ['a link of slashes', (n) => ['sys/l', { link: '/'.repeat(n) }]],
    ['a member of many names', (n) => [`sys/${'a/'.repeat(n / 2)}b`, new Uint8Array(1)]],
    ['a member of one name', (n) => [`sys/${'a'.repeat(n)}`, new Uint8Array(1)]],
    ['a member below sys again and again', (n) => ['sys/'.repeat(n / 4), new Uint8Array(1)]],
  ])('%s', { timeout: 60_000 }, async (_, made) => {
    const times = [];
    for (let run = 0; run < 4; run++) times.push(await timeFor(...made(SHORT)));
    const long = await timeFor(...made(LONG));
    // As above: quadratic growth is 4,096 times.
    expect(long).toBeLessThan(16 * (LONG / SHORT) * Math.max(4, Math.min(...times)));
  });

  it('links that lead through one another end soon', async () => {
    const links = Array.from({ length: 40 }, (_, i): [string, { link: string }] => [
      `sys/l${i}`,
      { link: `l${i + 1}/${'../'.repeat(100)}${'a/'.repeat(1800)}` },
    ]);
    let looked = 0;
    const found = resolveInTree('sys/l0', (path) => {
      looked++;
      return links.find(([name]) => name === path)?.[1].link ?? null;
    });
    expect(found).toBeNull();
    expect(looked).toBeLessThan(PATH_MAX);
  });
});
