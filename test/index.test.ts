import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as library from '../src/index.js';
import { NODE_TOOLS } from '../src/read/tools.js';

/** Changes all that a value is made of, as far as it lets itself be changed. */
function spoil(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Uint8Array) {
    value.fill(0xee);
    return;
  }
  for (const [key, part] of Object.entries(value)) {
    spoil(part, seen);
    Reflect.set(value, key, 'spoilt');
  }
  if (Array.isArray(value)) Reflect.set(value, 'length', 0);
}

const asText = (value: unknown) =>
  JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));

const bytesOf = (name: string) => new Uint8Array(readFileSync(`fixtures/${name}.dat`));
const release = library.newestRelease();
const boot = (bytes: Uint8Array) =>
  library.bootXen(
    { dmar: bytes },
    library.UNKNOWN_MACHINE,
    release,
    library.parseCmdline('', release),
  );
const TABLE = bytesOf('rack-server');

describe('changing what the library gave changes nothing that it gives next', () => {
  it.each<[string, () => unknown]>([
    ['a decoded table', () => library.decodeTable(TABLE.slice())],
    ['an IVRS table', () => library.decodeTable(bytesOf('ivrs/laptop'))],
    [
      'a table as JSON',
      () => {
        const { table } = library.decodeTable(TABLE.slice());
        return table && library.tableToJson(table);
      },
    ],
    [
      'a list of fields',
      () => {
        const { table } = library.decodeTable(TABLE.slice());
        return table && [...library.listTable(table, TABLE.slice())];
      },
    ],
    ['findings', () => library.checkTable(library.decodeTable(TABLE.slice()))],
    ['the rules', () => library.RULES],
    ['the newest release', () => library.newestRelease()],
    ['a release', () => library.findRelease('4.17.3')],
    ['the first code', () => library.findRelease('rfc-v7')],
    ['names of releases', () => library.releaseNames()],
    ['libxl of a release', () => library.libxlOf('4.17.3')],
    ['xl of a release', () => library.xlOf('4.17.3')],
    ['a command line', () => library.parseCmdline('iommu=force rmrr=1-2=0:0:1d.0', release)],
    ['a guest without settings', () => library.completeConfig({ memory: 1n << 30n })],
    ['what a guest is without machine', () => ({ ...library.UNKNOWN_MACHINE })],
    [
      'a hypervisor',
      () => {
        const { release: booted, outcome } = boot(TABLE.slice());
        return { booted, outcome };
      },
    ],
  ])('%s', (_, make) => {
    const before = asText(make());
    expect(before).toMatch(/^[[{]/);
    spoil(make());
    expect(asText(make())).toBe(before);
  });
});

describe('an argument of the wrong type is refused with a TypeError that says so', () => {
  const table = library.decodeTable(TABLE).table as library.Table;
  const calls: [string, (wrong: never) => unknown][] = [
    ['decodeTable', (wrong) => library.decodeTable(wrong)],
    ['decodeDmar', (wrong) => library.decodeDmar(wrong)],
    ['listTable', (wrong) => library.listTable(table, wrong)],
    ['diffTables', (wrong) => library.diffTables({ table, bytes: TABLE }, { table, bytes: wrong })],
    ['parseSbdf', (wrong) => library.parseSbdf(wrong)],
    ['parseCmdline', (wrong) => library.parseCmdline(wrong, release)],
    ['parseLinuxRelease', (wrong) => library.parseLinuxRelease(wrong)],
    ['findRelease', (wrong) => library.findRelease(wrong)],
    ['libxlOf', (wrong) => library.libxlOf(wrong)],
    ['xlOf', (wrong) => library.xlOf(wrong)],
    ['readXlGuest', (wrong) => library.readXlGuest(wrong)],
    ['bootXen', (wrong) => boot(wrong)],
    ['sourceOf', (wrong) => library.sourceOf(wrong, 'it', { limit: 100 }, NODE_TOOLS)],
    ['sourceOf (path)', (wrong) => library.sourceOf(TABLE, wrong, { limit: 2000 }, NODE_TOOLS)],
  ];
  it.each(calls)('%s', async (_, call) => {
    for (const wrong of [7, {}, [1, 2], new ArrayBuffer(8), true]) {
      const work = async () => call(wrong as never);
      await expect(work(), String(wrong)).rejects.toThrow(TypeError);
      await expect(work()).rejects.toThrow(/ must be a (Uint8Array|string), not .+\.$/);
    }
  });
});
