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

describe('an option or a part of the wrong type is refused with a TypeError that names it', () => {
  const source = library.sourceOf(TABLE, 'it', { limit: 2000 }, NODE_TOOLS);
  const guest = { options: { memory: 1n << 30n }, notes: [], file: null };
  const request = { abi: 'native', nr_entries: 0 };
  const cmdline = library.parseCmdline('', release);
  type Calls = [what: string, call: (evidence: library.Evidence) => unknown];
  const of = (wrong: unknown) => wrong as never;

  it.each<Calls>([
    ['evidence must be an object, not undefined', () => library.answerMap(of(undefined))],
    ['evidence must be an object, not an array', () => library.answerShow(of([]))],
    [
      'evidence.source must be an object, not a string',
      (one) => library.answerCheck({ ...one, source: of('x') }),
    ],
    [
      'evidence.host must be an object or null, not undefined',
      (one) => library.answerScan(of({ source: one.source })),
    ],
    ['source must be an object, not null', () => library.evidenceOf(of(null))],
    [
      'old.source.kind must be a string, not undefined',
      (one) => library.answerDiff({ ...one, source: of({}) }, one),
    ],
    [
      'evidence must be an array of objects, not of type Uint8Array',
      () => library.answerExplain(of(TABLE), []),
    ],
    [
      'lines must be an array of strings, not a string',
      (one) => library.answerExplain([one], of('x')),
    ],
    ['options must be an object, not a string', (one) => library.answerMap(one, of('4.17'))],
    [
      'options.xen must be a string, not the number 4.17',
      (one) => library.answerMap(one, { xen: of(4.17) }),
    ],
    [
      'options.nrEntries must be an integer that is not negative, not the number -1',
      (one) => library.answerMap(one, { nrEntries: -1 }),
    ],
    [
      'options.iommu must be a boolean, not a string',
      (one) => library.answerScan(one, { iommu: of('off') }),
    ],
    [
      'options.devices must be an array of objects, not an array',
      (one) => library.answerDevices(one, { devices: of(['00:1d.0']) }),
    ],
    [
      'options.linux must be a string, not the number 6',
      (one) => library.answerDevices(one, { linux: of(6) }),
    ],
    [
      'options.ignore must be an array of strings, not a string',
      (one) => library.answerCheck(one, { ignore: of('x') }),
    ],
    [
      'options.failOn must be an array of strings, not a string',
      (one) => library.answerDiff(one, one, { failOn: of('any') }),
    ],
    [
      'description must be an object, not undefined',
      (one) => library.answerGuest(one, of(undefined)),
    ],
    [
      'description.file must be an object or null, not a string',
      () => library.readGuest({ ...guest, file: of('x') }, '4.17.7'),
    ],
    [
      'description.file.text must be a string, not of type Buffer',
      () => library.readGuest({ ...guest, file: { path: 'x', text: of(Buffer.of()) } }, '4.17.7'),
    ],
    [
      'description.options.memory must be a bigint, not the number 1024',
      () => library.readGuest({ ...guest, options: { memory: of(1024) } }, '4.17.7'),
    ],
    ['release must be a string, not undefined', () => library.readGuest(guest, of(undefined))],
    ['options.memory must be a bigint, not undefined', () => library.completeConfig(of({}))],
    [
      'options.limit must be an integer that is not negative, not undefined',
      () => library.sourceOf(TABLE, 'it', of({}), NODE_TOOLS),
    ],
    [
      'tools must be an object, not undefined',
      () => library.sourceOf(TABLE, 'it', { limit: 1 }, of(undefined)),
    ],
    [
      'release must be an object, not a string',
      () => library.bootXen({}, library.UNKNOWN_MACHINE, of('4.17'), cmdline),
    ],
    ['request.abi must be a string, not undefined', () => library.askRdmMap(boot(TABLE), of({}))],
    [
      'request.buffer must be a bigint, not the number 4096',
      () => library.callOnce(boot(TABLE), of({ ...request, buffer: 4096 })),
    ],
  ])('%s', async (message, call) => {
    const evidence = library.evidenceOf(await source);
    const work = async () => call(evidence);
    await expect(work()).rejects.toThrow(new TypeError(`${message}.`));
  });
});
