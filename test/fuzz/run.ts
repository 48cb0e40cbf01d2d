/*
 * Coverage-guided fuzzing of all targets, one after the other: npm run fuzz -- --minutes 60
 *
 * What an input that reached new code looked like is kept below node_modules/.cache/dmar/fuzz, so that the
 * next run goes on from there. The fuzzer is libFuzzer, by Jazzer.js; its library needs glibc 2.38.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Each target's share of the time, and where its first inputs are. */
const TARGETS = {
  sources: { share: 0.45, seeds: ['test/fuzz/seeds'] },
  tables: { share: 0.2, seeds: ['fixtures'], only: /\.dat$/ },
  answers: { share: 0.2, seeds: ['fixtures'], only: /\.dat$/ },
  json: { share: 0.15, seeds: ['fixtures'], only: /\.json$/ },
} as const;

/** Seconds that one input may take: a busy machine takes long. */
const PATIENCE = 60;

/** Bytes of the longest input, and MiB that the process may hold. */
const LIMITS = ['-max_len=65536', '-rss_limit_mb=2048'];

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const seconds = Number(values.minutes) * 60;
const cache = 'node_modules/.cache/dmar/fuzz';
const bundle = join(cache, 'targets.cjs');
mkdirSync(cache, { recursive: true });

function run(command: string, ...args: string[]): string {
  const { status, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (error) throw error;
  if (status !== 0) {
    console.error(stderr.slice(-4000));
    process.exit(status ?? 1);
  }
  return stderr;
}

run(
  'node_modules/.bin/esbuild',
  'test/fuzz/targets.ts',
  '--bundle',
  '--platform=node',
  `--outfile=${bundle}`,
);

for (const [name, { share, seeds, ...filter }] of Object.entries(TARGETS)) {
  const corpus = join(cache, name);
  mkdirSync(corpus, { recursive: true });
  for (const folder of seeds) {
    for (const seed of readdirSync(folder)) {
      if ('only' in filter && !filter.only.test(seed)) continue;
      cpSync(join(folder, seed), join(corpus, `seed-${seed}`));
    }
  }
  const time = Math.max(1, Math.round(seconds * share));
  const log = run(
    'node_modules/.bin/jazzer',
    ...[
      bundle,
      `--fuzzEntryPoint=${name}`,
      '--includes=targets.cjs',
      `--timeout=${1000 * PATIENCE}`,
      corpus,
      '--',
    ],
    ...[...LIMITS, `-max_total_time=${time}`, `-artifact_prefix=${cache}/`],
  );
  // Each line of the fuzzer's begins with the number of inputs so far.
  const inputs = Math.max(
    0,
    ...Array.from(log.matchAll(/^#(\d+)/gm), ([, count]) => Number(count)),
  );
  const covered = log.match(/\bcov: \d+ ft: \d+/g)?.at(-1) ?? 'nothing';
  const lastNew = log
    .split('\n')
    .findLast((line) => / NEW /.test(line))
    ?.match(/^#(\d+)/)?.[1];
  console.log(
    `${name}: ${inputs} inputs in ${time} s, ${covered}, ${readdirSync(corpus).length} kept; new code last met by input ${lastNew ?? 'none'}`,
  );
}
