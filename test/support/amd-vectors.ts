import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSbdf } from '../../src/base/sbdf.js';
import type { PciFunction } from '../../src/machine/pci-topology.js';
import { PciTopology } from '../../src/machine/pci-topology.js';
import { deviceName } from '../../src/xen/amd/blocks.js';
import { parseIvmdOption } from '../../src/xen/amd/ivmd-option.js';
import { unityMaps } from '../../src/xen/amd/mappings.js';
import { bootXen, type Xen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { errnoName } from '../../src/xen/hypercall/errno.js';
import { callOnce } from '../../src/xen/hypercall/hypercall.js';
import type { Machine } from '../../src/xen/machine.js';
import { findRelease, type Release } from '../../src/xen/releases.js';
import { HypervisorStop } from '../../src/xen/stop.js';
import {
  describeVectorHost,
  type HostDescription,
  pciConfig,
  type VectorHost,
} from './host-tree.js';
import { bytesOfHex, memoryMapOf } from './vectors.js';

/** A host as `hosts.json` of the AMD vectors has it. */
export interface AmdHost extends VectorHost {
  ioapics?: { id: number; entries: number }[];
  efr?: Record<string, string>;
  x2apic?: boolean;
  fadt_no_msi?: boolean;
  no_cx16?: boolean;
}

/** A case of `source/`: what Xen's own functions answered. */
export interface AmdCase {
  name: string;
  release: string;
  ivrs_hex: string | null;
  host: string;
  options: {
    iommu?: string;
    ivmd?: string;
    ivrs_ioapic?: string[];
    extra_reserved?: { start: string; nr: string; sbdf: string }[];
  };
  call: {
    abi: 'native' | 'compat';
    flags: string;
    sbdf: string;
    nr_entries: string;
    start_extent?: number;
    fault_index?: number;
    fault_arg_in?: number;
    fault_arg_out?: number;
  };
  expected: AmdExpected;
}

/** What is compared; beside `outcome` the others are there with `ok` alone. */
export interface AmdExpected {
  outcome: 'ok' | 'panic' | 'bug' | 'hang';
  phase?: 'boot' | 'call';
  parse_rc?: string;
  iommu_enabled?: boolean;
  rc?: string;
  nr_entries?: string;
  entries?: { start_pfn: string; nr_pages: string }[];
  unity?: {
    from: string;
    to: string;
    iommu: boolean;
    excl: boolean;
    maps: [address: string, length: string, rights: string][];
  }[];
}

/** A case of `booted/`: what a whole hypervisor answered. */
export interface AmdBooted {
  name: string;
  release: string;
  abi: 'native' | 'compat';
  ivrs_hex: string;
  host: string;
  cmdline: string;
  iommu: boolean;
  panic: boolean;
  calls?: Record<
    string,
    { rc: number; nr_in: number; nr_out: number; entries: [number, number][] }
  >;
  device?: Record<string, { rc0: number; nr: number; rc?: number; entries?: [number, number][] }>;
}

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Folders of AMD vectors: the one named by DMAR_VECTORS_AMD; else the project's own, and the larger set that lies
 * beside the project on some machines.
 */
export function amdVectorFolders(): string[] {
  const named = process.env.DMAR_VECTORS_AMD;
  if (named) return [named];
  const beside = join(ROOT, '..', 'shared', 'vectors', 'amd');
  return [join(ROOT, 'test', 'vectors', 'amd'), ...(existsSync(beside) ? [beside] : [])];
}

/** All cases of `source` or `booted` below a folder, each with its host. */
export function readAmdCases<C extends { host: string }>(
  folder: string,
  kind: 'source' | 'booted',
): { test: C; host: AmdHost }[] {
  const dir = join(folder, kind);
  const hosts = JSON.parse(readFileSync(join(dir, 'hosts.json'), 'utf8'));
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => {
      const test = JSON.parse(line) as C;
      return { test, host: hosts[test.host] as AmdHost };
    });
}

/** The family of a case, the first word of its name. */
export const familyOf = (name: string): string => /^[a-z]+/.exec(name)?.[0] ?? name;

/** Bytes of configuration space that Xen can read; what the host does not say reads 0. */
const CONFIG_LENGTH = 4096;

const machines = new WeakMap<AmdHost, Machine>();

/** The machine of a host. */
function amdMachine(host: AmdHost): Machine {
  const known = machines.get(host);
  if (known !== undefined) return known;
  const functions = host.pci.map((fn): PciFunction => {
    const sbdf = parseSbdf(fn.bdf);
    if (sbdf === null) throw new Error(`vector host has a function ${fn.bdf}`);
    return { ...sbdf, config: pciConfig(fn, CONFIG_LENGTH) };
  });
  const machine: Machine = {
    pci: new PciTopology(functions),
    memoryMap: memoryMapOf(host),
    segments: new Set([0, ...functions.map(({ segment }) => segment)]),
    ioApics: (host.ioapics ?? []).map(({ id, entries }) => ({ id, pins: entries })),
    fadtNoMsi: host.fadt_no_msi ?? false,
    x2apic: host.x2apic ?? false,
    lacksCx16: host.no_cx16 ?? false,
    efr: (address) => BigInt(host.efr?.[`0x${address.toString(16)}`] ?? 0),
  };
  machines.set(host, machine);
  return machine;
}

const hex = (value: bigint | number) => `0x${value.toString(16)}`;
const errno = (rc: number) => (rc === 0 ? '0' : `-${errnoName(rc)}`);

const releaseOf = (name: string): Release => {
  const release = findRelease(name);
  if (release === null) throw new Error(`no such release: ${name}`);
  return release;
};

/** What the model answers to a case of `source`, in the words of its `expected`. */
export function answerAmd({ test, host }: { test: AmdCase; host: AmdHost }): AmdExpected {
  const { options, call, ivrs_hex } = test;
  const release = releaseOf(test.release);
  const words = [
    ...(options.iommu === undefined ? [] : [`iommu=${options.iommu}`]),
    ...(options.ivrs_ioapic ?? []).map((text) => `ivrs_ioapic${text}`),
  ];
  const cmdline = parseCmdline(words.join(' '), release);
  // Straight to the option's reader: some have blanks in the text, which a command line ends at.
  if (options.ivmd !== undefined) cmdline.ivmd = parseIvmdOption(options.ivmd);
  const ivrs = ivrs_hex === null ? null : bytesOfHex(ivrs_hex);
  const extraReserved = (options.extra_reserved ?? []).map(({ start, nr, sbdf }) => {
    const { bus, device, func } = parseSbdf(sbdf) ?? fail(sbdf);
    return { start: BigInt(start), nr: BigInt(nr), bdf: bus * 0x100 + device * 8 + func };
  });
  const xen = bootXen({ ivrs }, amdMachine(host), release, cmdline, { extraReserved });
  if (xen.outcome !== 'ok') return { outcome: xen.outcome, phase: 'boot' };
  const device = parseSbdf(call.sbdf) ?? fail(call.sbdf);
  try {
    const unity = unityOf(xen);
    const answer = callOnce(xen, {
      abi: call.abi,
      nr_entries: Number(call.nr_entries),
      flags: Number(call.flags),
      device,
      ...(call.start_extent === undefined ? {} : { start_extent: call.start_extent }),
      ...(call.fault_index === undefined ? {} : { fault_index: call.fault_index }),
      fault_arg_in: Boolean(call.fault_arg_in),
      fault_arg_out: Boolean(call.fault_arg_out),
    });
    return {
      outcome: 'ok',
      parse_rc: xen.parse_rc === null || xen.driver === 'vtd' ? 'not-called' : errno(xen.parse_rc),
      iommu_enabled: xen.iommu_enabled,
      rc: errno(answer.rc),
      nr_entries: hex(answer.nr_entries),
      entries: answer.entries.map(({ start_pfn, nr_pages }) => ({
        start_pfn: hex(start_pfn),
        nr_pages: hex(nr_pages),
      })),
      ...(unity === undefined ? {} : { unity }),
    };
  } catch (error) {
    if (!(error instanceof HypervisorStop)) throw error;
    return { outcome: error.outcome as 'bug', phase: 'call' };
  }
}

const fail = (text: string): never => {
  throw new Error(`not an SBDF: ${text}`);
};

const rightsOf = (map: { read: boolean; write: boolean; global: boolean }) =>
  `${map.read ? 'r' : ''}${map.write ? 'w' : ''}${map.global ? 'g' : ''}`;

const bdfName = (bdf: number) => deviceName(bdf).slice(5);

/** What devices have, joined where neighbours have the same. */
function unityOf({ amd, iommu_enabled }: Xen): AmdExpected['unity'] {
  if (amd?.mappings == null || !iommu_enabled) return undefined;
  const runs = [...amd.mappings.runs()].map(({ first, last, value }) => ({
    first,
    last,
    iommu: value.iommu !== null,
    excl: value.exclusion,
    maps: unityMaps(value.maps).map((map): [string, string, string] => [
      hex(map.base),
      hex(map.length),
      rightsOf(map),
    ]),
  }));
  const joined: typeof runs = [];
  for (const run of runs) {
    const before = joined.at(-1);
    const same = (r: (typeof runs)[number]) => JSON.stringify([r.iommu, r.excl, r.maps]);
    if (before !== undefined && same(before) === same(run)) before.last = run.last;
    else joined.push({ ...run });
  }
  return joined
    .filter(({ maps, excl }) => maps.length > 0 || excl)
    .map(({ first, last, ...rest }) => ({ from: bdfName(first), to: bdfName(last), ...rest }));
}

/** What Xen answered, as far as the model has to say the same. */
export function expectedAmd({ test }: { test: AmdCase }): AmdExpected {
  const { outcome, phase, parse_rc, iommu_enabled, rc, nr_entries, entries, unity } = test.expected;
  if (outcome !== 'ok') return { outcome, ...(phase === undefined ? {} : { phase }) };
  return {
    outcome,
    ...(parse_rc === undefined ? {} : { parse_rc }),
    ...(iommu_enabled === undefined ? {} : { iommu_enabled }),
    ...(rc === undefined ? {} : { rc }),
    ...(nr_entries === undefined ? {} : { nr_entries }),
    ...(entries === undefined ? {} : { entries }),
    ...(unity === undefined ? {} : { unity }),
  };
}

/** What the model answers to a case of `booted`: the same calls on the same machine. */
export function answerBooted({ test, host }: { test: AmdBooted; host: AmdHost }): unknown {
  const release = releaseOf(test.release);
  const cmdline = parseCmdline(test.cmdline, release);
  const ivrs = bytesOfHex(test.ivrs_hex);
  const boot = () => bootXen({ ivrs }, amdMachine(host), release, cmdline);
  const xen = boot();
  // A dom0 of that kind cannot do without an IOMMU.
  if (test.panic) return { up: xen.outcome === 'ok' && xen.iommu_enabled };
  const pairs = (entries: readonly { start_pfn: bigint; nr_pages: bigint }[]) =>
    entries.map(({ start_pfn, nr_pages }) => [Number(start_pfn), Number(nr_pages)]);
  const calls = Object.entries(test.calls ?? {}).map(([name, { nr_in }]) => {
    const { rc, nr_entries, entries } = callOnce(xen, { abi: test.abi, nr_entries: nr_in });
    return [name, { rc, nr_in, nr_out: nr_entries, entries: pairs(entries) }];
  });
  const device = Object.entries(test.device ?? {}).map(([name, want]) => {
    const request = { abi: test.abi, device: parseSbdf(name) ?? fail(name) };
    const { rc: rc0, nr_entries: nr } = callOnce(xen, { ...request, nr_entries: 0 });
    if (want.rc === undefined) return [name, { rc0, nr }];
    const { rc, entries } = callOnce(xen, { ...request, nr_entries: nr });
    return [name, { rc0, nr, rc, entries: pairs(entries) }];
  });
  return {
    iommu: xen.iommu_enabled,
    calls: Object.fromEntries(calls),
    device: Object.fromEntries(device),
  };
}

/** What a booted hypervisor answered. Of one that stopped no more is known than that it has no IOMMU. */
export function expectedBooted({ test }: { test: AmdBooted }): unknown {
  const { iommu, panic, calls, device } = test;
  return panic ? { up: false } : { iommu, calls: calls ?? {}, device: device ?? {} };
}

/** What the command line has a word for; of the rest, the library alone can play what happens. */
const ASKABLE_CALLS = ['abi', 'nr_entries', 'flags', 'sbdf'];

/** Whether a case of `source` can be put to the program: a table, a machine as a tree shows it, options and a call. */
export const isAskableAmd = ({ test, host }: { test: AmdCase; host: AmdHost }): boolean =>
  test.ivrs_hex !== null &&
  test.options.extra_reserved === undefined &&
  host.efr === undefined &&
  // A MADT does not tell how many pins an I/O APIC has.
  (host.ioapics ?? []).every(({ entries }) => entries > 0) &&
  Object.keys(test.call).every((name) => ASKABLE_CALLS.includes(name)) &&
  [0, 1].includes(Number(test.call.flags)) &&
  // A command line ends an option at a blank.
  !/\s/.test(`${test.options.iommu}${test.options.ivmd}`);

/** A vector's host as a description. */
export const describeAmdHost = (host: AmdHost): HostDescription => ({
  ...describeVectorHost(host),
  ioApics: (host.ioapics ?? []).map(({ id }) => id),
  fadtNoMsi: host.fadt_no_msi ?? false,
  cpuFlags: ['fpu', ...(host.no_cx16 ? [] : ['cx16']), ...(host.x2apic ? ['x2apic'] : [])],
});

/** The options of a case as Xen's command line. */
export const amdCmdline = ({ iommu, ivmd, ivrs_ioapic = [] }: AmdCase['options']): string =>
  [
    ...(iommu === undefined ? [] : [`iommu=${iommu}`]),
    ...(ivmd === undefined ? [] : [`ivmd=${ivmd}`]),
    ...ivrs_ioapic.map((text) => `ivrs_ioapic${text}`),
  ].join(' ');
