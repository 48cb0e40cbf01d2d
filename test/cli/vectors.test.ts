import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { errnoName } from '../../src/xen/hypercall/errno.js';
import {
  type AmdBooted,
  type AmdCase,
  type AmdHost,
  amdCmdline,
  amdVectorFolders,
  describeAmdHost,
  isAskableAmd,
  readAmdCases,
} from '../support/amd-vectors.js';
import { describeVectorHost, hostFiles, type VectorHost, writeTree } from '../support/host-tree.js';
import { runDmar } from '../support/program.js';
import {
  type BootedCase,
  bytesOfHex,
  readCases,
  type SourceCase,
  vectorFolders,
} from '../support/vectors.js';

/**
 * Cases that go through the program where not all do: it takes a process each. All go through the library
 * in any case. `npm run test:vectors` has all of them go through the program.
 */
const SPREAD = process.env.DMAR_ALL_VECTORS ? Number.POSITIVE_INFINITY : 150;

/** A call of the hypercall, as the command line can ask it, and what Xen answered. */
interface Case {
  readonly name: string;
  readonly table: Uint8Array;
  /** Files of its machine; a key that is the same for cases of one machine. */
  readonly machine: { key: string; files: () => ReturnType<typeof hostFiles> };
  readonly args: readonly string[];
  readonly expected: Answered | Stopped;
}

/** What the hypercall answered. */
interface Answered {
  errno: string | null;
  nr_entries: number;
  entries: readonly (readonly number[])[];
}

/** How the hypervisor stopped, and whether at boot or when it was asked. */
interface Stopped {
  outcome: string;
  phase: string;
}

const folder = mkdtempSync(join(tmpdir(), 'dmar-vectors-'));
// Thousands of small files.
afterAll(() => rmSync(folder, { recursive: true }));

const bootedCase = ({ test, host }: { test: BootedCase; host: VectorHost }): Case => {
  const call = test.calls.all_exact ?? Object.values(test.calls)[0];
  if (call === undefined) throw new Error(`${test.name} has no call`);
  return {
    name: `${test.release} ${test.name}`,
    table: bytesOfHex(test.dmar_hex),
    machine: { key: `booted ${test.host}`, files: () => hostFiles(describeVectorHost(host)) },
    args: [
      ...['--xen', test.release, '--xen-cmdline', test.cmdline, '--nr-entries', `${call.nr_in}`],
      ...(test.abi === 'compat' ? ['--compat'] : []),
    ],
    expected: {
      errno: call.rc === 0 ? null : errnoName(call.rc),
      nr_entries: call.nr_out,
      entries: call.entries,
    },
  };
};

/** What the command line has a word for; of the rest, the library alone can play what happens. */
const ASKABLE_OPTIONS = ['segments', 'iommu', 'rmrr', 'force_iommu', 'workaround_bios_bug'];
const ASKABLE_CALLS = ['abi', 'nr_entries', 'flags', 'sbdf'];

/** XENMEM_RDM_ALL of xen/include/public/memory.h: all regions, not those of one device. */
const ALL = 1;

/** IDs that no function has which Linux lists. */
const ABSENT = ['0x0000', '0xffff'];

const isAskable = ({ test, host }: { test: SourceCase; host: VectorHost }): boolean => {
  const { options, call, dmar_hex, expected } = test;
  return (
    dmar_hex !== null &&
    expected.outcome === 'ok' &&
    Object.keys(options).every((name) => ASKABLE_OPTIONS.includes(name)) &&
    Object.keys(call).every((name) => ASKABLE_CALLS.includes(name)) &&
    [0, ALL].includes(Number(call.flags)) &&
    // A command line ends an option at a blank.
    !/\s/.test(`${options.iommu}${options.rmrr}`) &&
    host.pci.every(
      ({ vendor = '', device = '' }) => !ABSENT.includes(vendor) && !ABSENT.includes(device),
    )
  );
};

function sourceCase({ test, host }: { test: SourceCase; host: VectorHost }): Case {
  const { options, call, expected } = test;
  const cmdline = [
    options.iommu === undefined ? '' : `iommu=${options.iommu}`,
    options.force_iommu ? 'iommu=force' : '',
    options.workaround_bios_bug ? 'iommu=workaround_bios_bug' : '',
    options.rmrr === undefined ? '' : `rmrr=${options.rmrr}`,
  ];
  const segments = options.segments ?? [];
  return {
    name: `${test.release} ${test.name}`,
    table: bytesOfHex(test.dmar_hex ?? ''),
    machine: {
      key: `source ${test.host} ${segments}`,
      files: () => hostFiles(describeVectorHost(host, segments)),
    },
    args: [
      ...['--xen', test.release, '--nr-entries', `${Number(call.nr_entries)}`],
      ...['--xen-cmdline', cmdline.filter((word) => word !== '').join(' ')],
      ...(call.abi === 'compat' ? ['--compat'] : []),
      ...(Number(call.flags) & ALL ? [] : ['--device', call.sbdf]),
    ],
    expected: {
      errno: expected.rc === '0' ? null : (expected.rc ?? '').slice(1),
      nr_entries: Number(expected.nr_entries),
      entries: (expected.entries ?? []).map(({ start_pfn, nr_pages }) => [
        Number(start_pfn),
        Number(nr_pages),
      ]),
    },
  };
}

const amdCase = ({ test, host }: { test: AmdCase; host: AmdHost }): Case => {
  const { options, call, expected } = test;
  return {
    name: `${test.release} ${test.name}`,
    table: bytesOfHex(test.ivrs_hex ?? ''),
    machine: { key: `amd ${test.host}`, files: () => hostFiles(describeAmdHost(host)) },
    args: [
      ...['--xen', test.release, '--nr-entries', `${Number(call.nr_entries)}`],
      ...['--xen-cmdline', amdCmdline(options)],
      ...(call.abi === 'compat' ? ['--compat'] : []),
      ...(Number(call.flags) & ALL ? [] : ['--device', call.sbdf]),
    ],
    expected:
      expected.outcome === 'ok'
        ? {
            errno: expected.rc === '0' ? null : (expected.rc ?? '').slice(1),
            nr_entries: Number(expected.nr_entries),
            entries: (expected.entries ?? []).map(({ start_pfn, nr_pages }) => [
              Number(start_pfn),
              Number(nr_pages),
            ]),
          }
        : { outcome: expected.outcome, phase: expected.phase ?? '' },
  };
};

const amdBootedCase = ({ test, host }: { test: AmdBooted; host: AmdHost }): Case => {
  const call = test.calls?.all_exact ?? Object.values(test.calls ?? {})[0];
  if (call === undefined) throw new Error(`${test.name} has no call`);
  return {
    name: `${test.release} ${test.name}`,
    table: bytesOfHex(test.ivrs_hex),
    machine: { key: `amd booted ${test.host}`, files: () => hostFiles(describeAmdHost(host)) },
    args: [
      ...['--xen', test.release, '--xen-cmdline', test.cmdline, '--nr-entries', `${call.nr_in}`],
      ...(test.abi === 'compat' ? ['--compat'] : []),
    ],
    expected: {
      errno: call.rc === 0 ? null : errnoName(call.rc),
      nr_entries: call.nr_out,
      entries: call.entries,
    },
  };
};

/** At most so many cases: one of each family, which is the first word of its name, then one more of each. */
function spread<C extends { name: string }>(cases: readonly C[], most: number): C[] {
  const seen = new Map<string, number>();
  const rounds: C[][] = [];
  for (const each of cases) {
    const family = each.name.replace(/^\S+ ([a-z]*).*$/, '$1');
    const round = seen.get(family) ?? 0;
    seen.set(family, round + 1);
    rounds[round] = [...(rounds[round] ?? []), each];
  }
  return rounds.flat().slice(0, most);
}

const roots = new Map<string, string>();

/** The folder that a machine's files are in, written when it is first asked for. */
function rootOf({ key, files }: Case['machine']): string {
  let root = roots.get(key);
  if (root === undefined) {
    root = mkdtempSync(join(folder, 'host-'));
    writeTree(files(), root);
    roots.set(key, root);
  }
  return root;
}

async function ask({ name, table, machine, args, expected }: Case): Promise<void> {
  const line = ['map', '-', '--json', '--root', rootOf(machine), ...args];
  const { stdout } = await runDmar(line, { input: table });
  const { boot, hypercall, entries } = JSON.parse(stdout);
  const got =
    boot.outcome === 'ok'
      ? {
          errno: hypercall.errno,
          nr_entries: hypercall.nr_entries,
          entries: entries.map((entry: { start_pfn: number; nr_pages: number }) => [
            entry.start_pfn,
            entry.nr_pages,
          ]),
        }
      : { outcome: boot.outcome, phase: boot.phase };
  expect(got, `${name}: dmar ${line.join(' ')}`).toEqual(expected);
}

/** As many at a time as there are processors. */
async function askAll(cases: readonly Case[]): Promise<void> {
  const left = cases.values();
  const work = async () => {
    for (const each of left) await ask(each);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

const HOURS = 3_600_000;

describe('recorded answers of Xen, through dmar map --root', () => {
  const folders = vectorFolders();
  const amdFolders = amdVectorFolders();
  it.each([
    [
      'booted hypervisors',
      () => folders.flatMap((at) => readCases<BootedCase>(at, 'booted')).map(bootedCase),
    ],
    [
      "Xen's own functions",
      () =>
        folders
          .flatMap((at) => readCases<SourceCase>(at, 'source'))
          .filter(isAskable)
          .map(sourceCase),
    ],
    [
      'booted hypervisors on AMD',
      () =>
        amdFolders
          .flatMap((at) => readAmdCases<AmdBooted>(at, 'booted'))
          .filter(({ test }) => !test.panic)
          .map(amdBootedCase),
    ],
    [
      "Xen's own functions on AMD",
      () =>
        amdFolders
          .flatMap((at) => readAmdCases<AmdCase>(at, 'source'))
          .filter(isAskableAmd)
          .map(amdCase),
    ],
  ])(
    'answers as %s did',
    async (what, read) => {
      const all = read();
      // A folder may hold what another holds.
      const distinct = [
        ...new Map(all.map((each) => [`${each.name} ${each.args}`, each])).values(),
      ];
      const cases = spread(distinct, SPREAD);
      await askAll(cases);
      console.log(`${what}: ${cases.length} of ${distinct.length} cases through the program`);
    },
    2 * HOURS,
  );
});
