/**
 * `npm run bench`: what dmar costs beside what there is to compare it with, each pair measured in one run.
 * The targets are ratios, so they mean the same on any machine; on a busy one they waver.
 *
 * BENCH_NODES: other Node binaries to measure the start with, separated by colons.
 * BENCH_ROUNDS: rounds of the start-up comparison (41).
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeDmar } from '../../src/acpi/dmar/decode.js';
import { type Column, renderTable } from '../../src/render/basics/table.js';
import { bareWalk } from './bare-walk.js';
import { byTurns, type Command, median, timeOf, type Usage, usageOf } from './measure.js';
import { measurePastes } from './page.js';
import {
  acpidumpOf,
  logOfRefusals,
  logOfRmrrs,
  realTables,
  tableOfRmrrs,
  writeFleet,
  writeHosts,
} from './tables.js';

const FIXTURES = 'fixtures';
const FIXTURE = `${FIXTURES}/laptop.dat`;
const DMAR: Command = [process.execPath, 'bin/dmar.js'];
const STANDALONE = `dist/standalone/dmar-linux-${process.arch}`;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 41);
const FLEET = 20_000;
const SMALL_FLEET = 2_000;
/** Captured hosts that are scanned. */
const HOSTS = 400;
const KIB = 1024;
const SIZES = [64, 512, 1024, 2048, 4096].map((size) => size * KIB);
const CORPUS = process.env.DMAR_CORPUS ?? '../shared/corpus';

/** A line of the last table. */
interface Verdict {
  what: string;
  target: number;
  measured: number;
  /** Whether more is better. */
  atLeast?: boolean;
}

const verdicts: Verdict[] = [];
const folder = mkdtempSync(join(tmpdir(), 'dmar-bench-'));
process.env.XDG_CACHE_HOME = join(folder, 'cache');
// Node 20 reads these at every start, for longer than all else takes: the ratios would say nothing.
delete process.env.NODE_EXTRA_CA_CERTS;

const right = (heading: string): Column => ({ heading, align: 'right' });
const say = (line = '') => console.log(line);
const sayTable = async (columns: Column[], rows: string[][]) =>
  say(`${await renderTable(columns, rows)}\n`);

/** iasl's disassembler on a file of its own, since it writes its listing beside it; null where there is none. */
function iaslOn(files: readonly string[]): Command | null {
  try {
    timeOf(['iasl', '-v']);
    return ['iasl', '-d', ...files];
  } catch {
    return null;
  }
}

async function startUp(): Promise<void> {
  const others = process.env.BENCH_NODES?.split(':') ?? [];
  for (const node of [process.execPath, ...others])
    await startUpOn(node, node === process.execPath);
}

/** Command lines whose start is measured. */
const STARTS = [
  ['map', FIXTURE, '--json'],
  ['map', FIXTURE],
  ['check', FIXTURE],
  ['guest', FIXTURE, '--memory', '4096'],
  ['explain', 'DMAR: IOMMU enabled'],
  ['devices', '--root', 'fixtures/rack-server-host'],
  ['--help'],
  ['version'],
];

async function startUpOn(node: string, own: boolean): Promise<void> {
  const copy = join(folder, 'one.dat');
  writeFleetOfOne(copy);
  const iasl = own ? iaslOn([copy]) : null;
  const standalone = own && existsSync(STANDALONE);
  const commands: [string, Command][] = [
    ['node -e 0', [node, '-e', '0']],
    ...STARTS.map((words): [string, Command] => [
      `dmar ${words.join(' ')}`,
      [node, 'bin/dmar.js', ...words],
    ]),
    ...(standalone
      ? [['standalone map --json', [STANDALONE, 'map', FIXTURE, '--json']] as [string, Command]]
      : []),
    ...(iasl ? [['iasl -d FIXTURE', iasl] as [string, Command]] : []),
  ];
  // The first runs read the files from the disk.
  for (const [, command] of commands) for (let i = 0; i < 2; i++) timeOf(command);
  const results = byTurns(
    commands.map(([, command]) => command),
    ROUNDS,
  );
  say(`Start-up, whole processes, medians of ${ROUNDS} rounds (${node}):`);
  await sayTable(
    [{ heading: 'command' }, right('ms'), right('of node -e 0')],
    commands.map(([name], i) => [
      name,
      (results[i]?.ms ?? 0).toFixed(1),
      (results[i]?.ratio ?? 0).toFixed(2),
    ]),
  );
  const name = own ? process.version : node;
  const ratioOf = (what: string) => results[commands.findIndex(([c]) => c === what)]?.ratio ?? 0;
  for (const words of STARTS) {
    const command = `dmar ${words.join(' ')}`;
    // A captured server is some hundred files.
    const target = words[0] === 'devices' ? 2 : 1.5;
    verdicts.push({
      what: `${command} of node -e 0 (${name})`,
      target,
      measured: ratioOf(command),
    });
  }
  if (standalone) {
    verdicts.push({
      what: 'standalone map --json of node -e 0',
      target: 0.3,
      measured: ratioOf('standalone map --json'),
    });
  } else if (own) say(`${STANDALONE} is not there: npm run build:standalone makes it.\n`);
  if (own && iasl === null) say('iasl is not here, so nothing is compared with it.\n');
}

const writeFleetOfOne = (file: string) => writeFileSync(file, tableOfRmrrs(256));

async function scanning(): Promise<void> {
  const rows: string[][] = [];
  const real = realTables(join(CORPUS, 'dmar'), FIXTURES);
  const moved = join(folder, 'moved');
  writeFleet(moved, real, FLEET, 'moved');
  const asTheyAre = join(folder, 'as-they-are');
  writeFleet(asTheyAre, real, FLEET, 'as-they-are');
  const hosts = join(folder, 'hosts');
  writeHosts(hosts, HOSTS);
  const few = readdirSync(moved)
    .slice(0, SMALL_FLEET / 1000)
    .map((name) => join(moved, name));
  const files = readdirSync(moved).flatMap((name) => {
    const directory = join(moved, name);
    return readdirSync(directory).map((file) => join(directory, file));
  });
  const scan = [...DMAR, 'scan', '--quiet'];
  const iasl = iaslOn(files);
  const commands: { name: string; count: number; command: Command; runs: Usage[] }[] = [
    { name: 'dmar scan, no two alike', count: FLEET, command: [...scan, moved], runs: [] },
    { name: 'the same, fewer', count: SMALL_FLEET, command: [...scan, ...few], runs: [] },
    { name: 'dmar scan, as they are', count: FLEET, command: [...scan, asTheyAre], runs: [] },
    { name: 'dmar scan, captured hosts', count: HOSTS, command: [...scan, hosts], runs: [] },
    ...(iasl === null
      ? []
      : [{ name: 'iasl -d, no two alike', count: FLEET, command: iasl, runs: [] as Usage[] }]),
  ];
  for (let round = 0; round < 3; round++) {
    for (const { command, runs } of commands) runs.push(await usageOf(command));
    for (const file of files) rmSync(file.replace(/dat$/, 'dsl'), { force: true });
  }
  const rates = commands.map(({ name, count, runs }) => {
    const ms = Math.min(...runs.map((run) => run.ms));
    const peak = median(runs.map((run) => run.peak));
    const rate = (count / ms) * 1000;
    rows.push([name, `${count}`, ms.toFixed(0), rate.toFixed(0), peak.toFixed(0)]);
    return rate;
  });
  const [own = 0, , plain = 0, , others] = rates;
  verdicts.push({
    what: 'tables a second, as they are of no two alike',
    target: 1.1,
    measured: plain / own,
  });
  if (others !== undefined) {
    const what = 'tables a second, scan of iasl -d, no two alike';
    verdicts.push({ what, target: 6, measured: own / others, atLeast: true });
  }
  say(`Real tables of 48 to 400 bytes, ${availableParallelism()} cores, best of 3:`);
  await sayTable(
    [{ heading: 'command' }, right('tables'), right('ms'), right('tables/s'), right('peak MiB')],
    rows,
  );
}

async function decoding(): Promise<void> {
  const rows: string[][] = [];
  for (const size of SIZES) {
    const table = tableOfRmrrs(size);
    const repeats = Math.max(3, Math.floor((4096 * KIB) / size));
    const rates = (work: (bytes: Uint8Array) => unknown): number => {
      const start = performance.now();
      for (let i = 0; i < repeats; i++) work(table);
      return (performance.now() - start) / repeats;
    };
    const pairs = Array.from({ length: 9 }, () => [rates(bareWalk), rates(decodeDmar)] as const);
    const bare = median(pairs.map(([ms]) => ms));
    const ours = median(pairs.map(([, ms]) => ms));
    const ratio = median(pairs.map(([a, b]) => b / a));
    const mbs = (ms: number) => (table.length / 1e3 / ms).toFixed(0);
    rows.push([`${size / KIB} KiB`, mbs(bare), mbs(ours), ratio.toFixed(2)]);
    verdicts.push({
      what: `decoding of the bare walk, ${size / KIB} KiB`,
      target: 4,
      measured: ratio,
    });
  }
  say('Decoding in the library against a bare walk with DataView:');
  await sayTable(
    [right('table'), right('bare MB/s'), right('decodeDmar MB/s'), right('times the bare walk')],
    rows,
  );
}

type Make = (size: number) => Uint8Array | string;

/** Command lines of which growth is measured, and what of so many bytes each is given. */
const GROWTH: readonly (readonly [words: string[], what: string, make: Make])[] = [
  [['map', '--json'], 'table', tableOfRmrrs],
  [['map'], 'table', tableOfRmrrs],
  [['check'], 'table', tableOfRmrrs],
  [['devices'], 'table', tableOfRmrrs],
  [['devices', '--json'], 'table', tableOfRmrrs],
  [['guest', '--memory', '4096'], 'table', tableOfRmrrs],
  [['diff', '--json', join(folder, 'other.dat')], 'table', tableOfRmrrs],
  [['show'], 'table', tableOfRmrrs],
  [['scan', '--quiet'], 'table', tableOfRmrrs],
  [['override', '--drop-device', '00:01.0', '--yes'], 'table', tableOfRmrrs],
  [['map'], "acpidump's text", acpidumpOf],
  [['map'], 'log of regions', logOfRmrrs],
  [['explain'], 'log of refusals', logOfRefusals],
];

/** Most MiB that a text of 4 MiB may take. */
const MOST_OF_TEXT = 1024;

async function growth(): Promise<void> {
  const tiny = join(folder, 'tiny');
  writeFleetOfOne(tiny);
  writeFileSync(join(folder, 'other.dat'), tableOfRmrrs(256));
  const rows: string[][] = [];
  const runs = async (command: Command, times: number): Promise<Usage> => {
    const all: Usage[] = [];
    for (let i = 0; i < times; i++) all.push(await usageOf(command));
    return all.reduce((best, run) => (run.ms < best.ms ? run : best));
  };
  /** Adds a row; `command` is handed the file. @returns what each size took, start-up subtracted */
  const measure = async (name: string, make: Make, command: (file: string) => Command) => {
    const start = (await runs(command(tiny), 3)).ms;
    const used: Usage[] = [];
    for (const size of SIZES) {
      const file = join(folder, 'grown');
      writeFileSync(file, make(size));
      const run = await runs(command(file), 2);
      used.push({ ...run, ms: run.ms - start });
    }
    rows.push([name, ...used.map(({ ms, peak }) => `${ms.toFixed(0)} ms ${peak.toFixed(0)} MiB`)]);
    return used;
  };
  for (const [words, what, make] of GROWTH) {
    const name = `${words[0]}${words[1] === '--json' ? ' --json' : ''}, ${what}`;
    const used = await measure(name, make, (file) => [...DMAR, ...words, file]);
    const [, , half, largest] = used.slice(-4) as [Usage, Usage, Usage, Usage];
    // Linear is 2; the collector of garbage works harder as the heap grows.
    verdicts.push({ what: `${name}, 4 MiB of 2`, target: 2.5, measured: largest.ms / half.ms });
    if (make === tableOfRmrrs) continue;
    verdicts.push({ what: `${name}, MiB for 4 MiB`, target: MOST_OF_TEXT, measured: largest.peak });
  }
  if (iaslOn([]) !== null) {
    await measure('iasl -d, table', tableOfRmrrs, (file) => ['iasl', '-d', file]);
  }
  say('Growth: best of 2 runs, start-up subtracted, and peak memory:');
  await sayTable(
    [{ heading: 'command, given' }, ...SIZES.map((size) => right(`${size / KIB} KiB`))],
    rows,
  );
}

/** Milliseconds from a paste of 1 MB to its answer, on a machine that does nothing else. */
const FIRST_ANSWER = 500;

async function pasting(): Promise<void> {
  const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(chromium)) return say(`${chromium} is not there, so the page is not measured.\n`);
  const pastes = await measurePastes(chromium);
  say('The page: from a paste of 1 MiB to its answer, medians:');
  await sayTable(
    [
      { heading: 'paste' },
      right('answered, ms'),
      right('painted, ms'),
      right("of the processor's time, ms"),
      right('answered, of a text field with the same text'),
    ],
    pastes.map(({ what, answered, painted, processor, ofField }) => [
      what,
      answered.toFixed(0),
      painted.toFixed(0),
      processor.toFixed(0),
      ofField.toFixed(2),
    ]),
  );
  for (const { what, painted } of pastes)
    verdicts.push({ what: `page, ${what}, ms`, target: FIRST_ANSWER, measured: painted });
}

async function judge(): Promise<void> {
  say('Targets:');
  await sayTable(
    [{ heading: 'what' }, right('target'), right('measured'), { heading: 'holds' }],
    verdicts.map(({ what, target, measured, atLeast }) => [
      what,
      `${atLeast ? '>=' : '<='} ${target}`,
      measured.toFixed(2),
      (atLeast ? measured >= target : measured <= target) ? 'yes' : 'NO',
    ]),
  );
}

try {
  const parts = { start: startUp, scan: scanning, decode: decoding, growth, page: pasting };
  const asked = process.argv.slice(2);
  for (const [name, part] of Object.entries(parts)) {
    if (asked.length === 0 || asked.includes(name)) await part();
  }
  await judge();
} finally {
  rmSync(folder, { recursive: true });
}
