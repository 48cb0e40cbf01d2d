/*
 * Coverage-guided fuzzing of all targets, one after the other: npm run fuzz -- --minutes 60
 *
 * What an input that reached new code looked like is kept below node_modules/.cache/dmar/fuzz, so that the
 * next run goes on from there. The fuzzer is libFuzzer, by Jazzer.js; its library needs glibc 2.38.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

/** Each target's share of the time, and where its first inputs are. */
const TARGETS = {
  sources: { share: 0.5, seeds: ['test/fuzz/seeds'], only: /./ },
  tables: { share: 0.15, seeds: ['fixtures', 'fixtures/ivrs'], only: /\.dat$/ },
  answers: { share: 0.25, seeds: ['fixtures', 'fixtures/ivrs'], only: /\.dat$/ },
  json: { share: 0.1, seeds: ['fixtures', 'fixtures/ivrs'], only: /\.json$/ },
} as const;

/** Seconds that one input may take while a busy machine does other things, and alone. */
const PATIENCE = { among: 60, alone: 5 };

/** Bytes of the longest input, and MiB that the process may hold. */
const LIMITS = ['-max_len=65536', '-rss_limit_mb=2048'];

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const seconds = Number(values.minutes) * 60;
const cache = 'node_modules/.cache/dmar/fuzz';
const bundle = join(cache, 'targets.cjs');
mkdirSync(cache, { recursive: true });

const bundled = spawnSync(
  'node_modules/.bin/esbuild',
  [
    'test/fuzz/targets.ts',
    '--bundle',
    '--platform=node',
    '--log-level=warning',
    // What lays tables out takes most of the time, and is nothing to explore: it stays outside of what is instrumented.
    '--external:cli-table3',
    '--external:string-width',
    // Modules have an address, what is instrumented has none.
    '--define:import.meta.url=ADDRESS',
    "--banner:js=const ADDRESS = require('node:url').pathToFileURL(__filename).href;",
    `--outfile=${bundle}`,
  ],
  { stdio: 'inherit' },
);
if (bundled.status !== 0) process.exit(1);

/** What became of a run of the fuzzer. */
interface Outcome {
  readonly status: number | null;
  /** Inputs that were tried, those that were kept from before included. */
  readonly inputs: number;
  /** Edges of the code that were reached. */
  readonly edges: number;
  /** Seconds since the last edge that no input had reached before; of the whole run where there was none. */
  readonly quiet: number;
  /** File of the input that ended the run. */
  readonly artifact: string | null;
  /** The last that the fuzzer printed. */
  readonly end: string;
}

/** Runs the fuzzer, and reads what it prints (libFuzzer's documentation, "Output"). */
async function fuzz(target: string, patience: number, ...args: string[]): Promise<Outcome> {
  const fuzzer = spawn(
    'node_modules/.bin/jazzer',
    [
      bundle,
      `--fuzzEntryPoint=${target}`,
      '--includes=targets.cjs',
      `--timeout=${1000 * patience}`,
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<number | null>((resolve, reject) => {
    fuzzer.on('error', reject).on('close', resolve);
  });
  let [inputs, edges, last, artifact] = [0, 0, Date.now(), null as string | null];
  const end: string[] = [];
  for await (const line of createInterface({ input: fuzzer.stderr })) {
    end.push(line);
    if (end.length > 40) end.shift();
    artifact = line.match(/Test unit written to (.+)/)?.[1] ?? artifact;
    const [, count, event, cov] = line.match(/^#(\d+)\s+(\w+)\s+cov: (\d+)/) ?? [];
    if (count === undefined) continue;
    inputs = Number(count);
    // Until then it only reads what was kept.
    if (Number(cov) > edges || event === 'INITED') last = Date.now();
    edges = Math.max(edges, Number(cov));
  }
  const quiet = Math.round((Date.now() - last) / 1000);
  return { status: await ended, inputs, edges, quiet, artifact, end: end.join('\n') };
}

/** Whether an input is slow by itself, and not since the machine did something else meanwhile. */
async function slowAlone(target: string, artifact: string): Promise<boolean> {
  const { status } = await fuzz(target, PATIENCE.alone, artifact, '--', '-runs=1');
  return status !== 0;
}

let found = 0;
for (const [target, { share, seeds, only }] of Object.entries(TARGETS)) {
  const corpus = join(cache, target);
  mkdirSync(corpus, { recursive: true });
  for (const folder of seeds) {
    for (const seed of readdirSync(folder)) {
      if (only.test(seed)) cpSync(join(folder, seed), join(corpus, `seed-${seed}`));
    }
  }
  const until = Date.now() + 1000 * Math.max(1, seconds * share);
  for (let left = until - Date.now(); left > 0; left = until - Date.now()) {
    const time = Math.ceil(left / 1000);
    const { status, inputs, edges, quiet, artifact, end } = await fuzz(
      target,
      PATIENCE.among,
      ...[corpus, '--', ...LIMITS, `-max_total_time=${time}`, `-artifact_prefix=${cache}/`],
    );
    const kept = readdirSync(corpus).length;
    console.log(
      `${target}: ${inputs} inputs in ${Math.round((left - until + Date.now()) / 1000)} s, ${edges} edges, ${kept} kept, no new edge for ${quiet} s`,
    );
    if (status === 0) continue;
    const isTimeout = artifact?.includes('/timeout-') ?? false;
    if (artifact && isTimeout && !(await slowAlone(target, artifact))) {
      console.log(`${target}: the machine stopped the fuzzer, not ${artifact}`);
      if (existsSync(artifact)) rmSync(artifact);
      continue;
    }
    console.log(`${target}: FOUND ${artifact ?? 'something'}\n${end}`);
    found++;
    break;
  }
}
process.exit(found === 0 ? 0 : 1);
