import { describe, expect, it } from 'vitest';
import { parseSbdf } from '../../src/base/sbdf.js';
import { bootXen, type Xen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { errnoName } from '../../src/xen/hypercall/errno.js';
import { callOnce, callTwice } from '../../src/xen/hypercall/hypercall.js';
import { findRelease, type Release } from '../../src/xen/releases.js';
import { parseRmrrOption } from '../../src/xen/vtd/rmrr-option.js';
import type { VectorHost } from '../support/host-tree.js';
import {
  type BootedCall,
  type BootedCase,
  bytesOfHex,
  memoryMapOf,
  readCases,
  type SourceCase,
  topologyOf,
  vectorFolders,
} from '../support/vectors.js';

/** Milliseconds: a folder may hold many more cases than the project's own. */
const TIMEOUT = 900_000;

const hex = (value: bigint | number) => `0x${value.toString(16)}`;
const errno = (rc: number) => (rc === 0 ? '0' : `-${errnoName(rc)}`);

function releaseOf(name: string): Release {
  const release = findRelease(name);
  if (release === null) throw new Error(`no such release: ${name}`);
  return release;
}

function parseRc(xen: Xen): string {
  if (xen.parse_rc === null) return 'not-called';
  return xen.parse_rc > 0 ? String(xen.parse_rc) : errno(xen.parse_rc);
}

/** What our model answers to a case of `source`, in the words of its `expected`. */
function answerSource({ test, host }: { test: SourceCase; host: VectorHost }): unknown {
  const { options, call, dmar_hex } = test;
  const release = releaseOf(test.release);
  const words = [
    options.iommu === undefined ? '' : `iommu=${options.iommu}`,
    options.force_iommu ? 'iommu=force' : '',
    options.workaround_bios_bug ? 'iommu=workaround_bios_bug' : '',
  ];
  const cmdline = parseCmdline(words.join(' '), release);
  // Straight to the option's reader: some vectors have blanks in the text, which a command line ends at.
  if (options.rmrr !== undefined && release.rmrrOption !== null) {
    cmdline.rmrr = parseRmrrOption(options.rmrr, release.rmrrOption);
  }
  const machine = {
    pci: topologyOf(host),
    memoryMap: memoryMapOf(host),
    segments: new Set(options.segments ?? []),
    inaccessibleSegments: new Set(options.mmcfg_inaccessible ?? []),
  };
  const bytes = dmar_hex === null ? null : bytesOfHex(dmar_hex);
  const { dead_drhd: dead } = options;
  const dead_drhd = typeof dead === 'string' ? BigInt(dead) : dead;
  const xen = bootXen({ dmar: bytes }, machine, release, cmdline, { ...options, dead_drhd });
  if (xen.outcome !== 'ok') return { outcome: xen.outcome };
  const sbdf = parseSbdf(call.sbdf);
  const answer = callOnce(xen, {
    abi: call.abi,
    nr_entries: Number(call.nr_entries),
    flags: Number(call.flags),
    ...(sbdf === null ? {} : { device: sbdf }),
    ...(call.buffer === undefined ? {} : { buffer: BigInt(call.buffer) }),
    ...(call.start_extent === undefined ? {} : { start_extent: call.start_extent }),
    ...(call.fault_index === undefined ? {} : { fault_index: call.fault_index }),
    pv: options.pv ?? false,
    fault_arg_in: call.fault_arg_in ?? false,
    fault_arg_out: call.fault_arg_out ?? false,
  });
  return {
    outcome: 'ok',
    parse_rc: parseRc(xen),
    units: xen.units.map((unit) => ({
      base: hex(unit.base_address),
      end: hex(unit.end_address),
      segment: hex(unit.segment),
      devices: unit.devices.map(({ name }) => name.slice(5)),
    })),
    rc: errno(answer.rc),
    nr_entries: hex(answer.nr_entries),
    entries: answer.entries.map(({ start_pfn, nr_pages }) => ({
      start_pfn: hex(start_pfn),
      nr_pages: hex(nr_pages),
    })),
  };
}

function expectedSource({ expected }: SourceCase): unknown {
  const { outcome, parse_rc, units, rc, nr_entries, entries } = expected;
  if (outcome !== 'ok') return { outcome };
  return {
    outcome,
    parse_rc,
    units: units?.map(({ base, end, segment, devices }) => ({ base, end, segment, devices })),
    rc,
    nr_entries,
    entries,
  };
}

/** What our model answers to a case of `booted`: the same calls on the same machine. */
function answerBooted({ test, host }: { test: BootedCase; host: VectorHost }): unknown {
  const release = releaseOf(test.release);
  const machine = {
    pci: topologyOf(host),
    memoryMap: memoryMapOf(host),
    segments: new Set(release.segmentsKnown ? [0] : []),
  };
  const cmdline = parseCmdline(test.cmdline, release);
  const xen = bootXen({ dmar: bytesOfHex(test.dmar_hex) }, machine, release, cmdline);
  const pairs = (entries: readonly { start_pfn: bigint; nr_pages: bigint }[]) =>
    entries.map(({ start_pfn, nr_pages }) => [Number(start_pfn), Number(nr_pages)]);
  const calls = Object.entries(test.calls).map(([name, { nr_in }]) => {
    const { rc, nr_entries, entries } = callOnce(xen, { abi: test.abi, nr_entries: nr_in });
    return [name, { rc, nr_in, nr_out: nr_entries, entries: pairs(entries) }];
  });
  const device = Object.keys(test.device).map((name) => {
    const request = { abi: test.abi, device: parseSbdf(name) ?? fail(name) };
    const { nr_entries: nr } = callOnce(xen, { ...request, nr_entries: 0 });
    const { rc, entries } = callTwice(xen, request);
    return [name, { rc, nr, entries: pairs(entries) }];
  });
  return {
    vtd: xen.iommu_enabled,
    calls: Object.fromEntries(calls) as Record<string, BootedCall>,
    device: Object.fromEntries(device),
  };
}

const fail = (name: string): never => {
  throw new Error(`not an SBDF: ${name}`);
};

const expectedBooted = ({ vtd, calls, device }: BootedCase): unknown => ({ vtd, calls, device });

/** Compares all cases, counts per release, and fails on the first disagreement only after counting. */
function compareAll<C extends { host: string; name: string; release: string }>(
  folder: string,
  kind: 'source' | 'booted',
  answer: (input: { test: C; host: VectorHost }) => unknown,
  expected: (test: C) => unknown,
): void {
  const counts = new Map<string, { compared: number; wrong: number }>();
  let first: { name: string; got: unknown; want: unknown } | undefined;
  for (const input of readCases<C>(folder, kind)) {
    const { name, release } = input.test;
    const count = counts.get(release) ?? { compared: 0, wrong: 0 };
    counts.set(release, count);
    count.compared++;
    const want = expected(input.test);
    let got: unknown;
    try {
      got = answer(input);
      expect(got).toEqual(want);
    } catch (error) {
      count.wrong++;
      first ??= { name: `${release} ${name}`, got: got ?? error, want };
    }
  }
  for (const [release, { compared, wrong }] of counts) {
    console.log(`${folder} ${kind} ${release}: ${compared} compared, ${wrong} wrong`);
  }
  expect(counts.size).toBeGreaterThan(0);
  if (first !== undefined) expect(first.got, first.name).toEqual(first.want);
}

describe.each(vectorFolders())('vectors in %s', (folder) => {
  it(
    "the model answers as Xen's own functions did",
    () => {
      compareAll<SourceCase>(folder, 'source', answerSource, expectedSource);
    },
    TIMEOUT,
  );

  it(
    'the model answers as booted hypervisors did',
    () => {
      compareAll<BootedCase>(folder, 'booted', answerBooted, expectedBooted);
    },
    TIMEOUT,
  );
});
