import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Booted } from './qemu.js';

/** A statement about a booted machine that holds or does not. */
export interface Verdict {
  readonly what: string;
  readonly holds: boolean;
  /** What was found instead. */
  readonly found: string;
}

/** Documents of dmar, as far as they are looked at. */
interface MapDocument {
  source: { path: string; sha256: string };
  model: { xen: string };
  entries: {
    base: string;
    limit: string;
    rmrr: { index: number } | null;
    devices: string[];
  }[];
}
interface DevicesDocument {
  devices: {
    device: string;
    class: string;
    iommu_group: { id: number } | null;
    linux: { verdict: string; step?: string | null; errno?: string | null };
    xen: { verdict: string };
  }[];
}
interface CheckDocument {
  findings: { rule: string; severity: string }[];
}

const parsed = <T>(booted: Booted, name: string): T => JSON.parse(booted.text(name)) as T;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function same(what: string, ours: unknown, theirs: unknown): Verdict {
  const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)];
  return { what, holds: a === b, found: `dmar: ${a}, machine: ${b}` };
}

/**
 * What every machine must answer: no command broke, and dmar read the table that we handed over.
 *
 * @param signature what the table begins with there: Xen turns it round, so that dom0 leaves the table alone
 */
export function judgeRun(
  booted: Booted,
  commands: readonly string[],
  table: Uint8Array,
  signature: 'DMAR' | 'RMAD',
): Verdict[] {
  const broke = commands.filter(
    (name) =>
      !['0', '1'].includes(booted.text(`${name}.status`).trim()) ||
      /^\s+at /m.test(booted.text(`${name}.err`)),
  );
  const found = broke.map((name) => `${name}: ${booted.text(`${name}.err`).trim()}`).join('; ');
  const there = Buffer.concat([Buffer.from(signature), table.subarray(signature.length)]);
  return [
    { what: 'no command breaks', holds: broke.length === 0, found },
    same(
      'the table in force',
      parsed<MapDocument>(booted, 'map.json').source.sha256,
      sha256(there),
    ),
  ];
}

/**
 * Asks the same of the captured machine, here: the answers have to be those that were given there.
 *
 * @param dmar the executable
 */
export function judgeCapture(booted: Booted, dmar: string): Verdict[] {
  const capture = booted.path('host.tar.gz');
  if (!existsSync(capture)) return [{ what: 'a capture', holds: false, found: 'none was made' }];
  return ['map', 'devices', 'check'].map((name) => {
    const options = name === 'devices' ? ['--all'] : [];
    const there = parsed<object>(booted, `${name}.json`);
    const here = JSON.parse(printed(dmar, [name, '--json', '--root', capture, ...options]));
    return {
      what: `${name} of the capture`,
      holds: withoutPath(here) === withoutPath(there),
      found: 'dmar answers something else for the capture than it did on the machine',
    };
  });
}

const PLACES = ['path', 'host'];

/** A document as text, without where its source lay. */
const withoutPath = (document: object): string =>
  JSON.stringify(document, (key, value) => (PLACES.includes(key) ? undefined : value));

/** What a command prints, whatever its exit status. */
function printed(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}

/** A bridge: VFIO leaves it where it is. */
const isPort = (classCode: string): boolean => classCode.startsWith('0x0604');

/** Regions that the kernel lists in its log, sorted: `base-limit`. */
function regionsInLog(log: string): string[] {
  const lines = log.matchAll(/DMAR: RMRR base: (0x[0-9a-f]+) end: (0x[0-9a-f]+)/g);
  return [...lines].map(([, base = '', end = '']) => span(base, end)).sort();
}
const span = (base: string, limit: string) =>
  `${BigInt(base).toString(16)}-${BigInt(limit).toString(16)}`;

/** Compares dmar's answers with what a booted Linux said and did. */
export function judgeLinux(booted: Booted): Verdict[] {
  const map = parsed<MapDocument>(booted, 'map.json');
  const regions = map.entries.map(({ base, limit }) => span(base, limit)).sort();
  return [
    same('regions', regions, regionsInLog(booted.text('dmesg'))),
    ...judgeVfio(booted),
    ...judgeCheck(booted),
  ];
}

/** How far VFIO came with each group: `ok`, or the step and its error's number. */
function vfioOf(booted: Booted): Map<number, string> {
  const lines = booted.text('vfio').split('\n');
  return new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const [group = '', step = '', errno = ''] = line.split(' ');
        return [Number(group), step === 'ok' ? 'ok' : `${step} ${errno}`];
      }),
  );
}

/** What VFIO did with a device's group. */
function vfioDid(booted: Booted, group: { id: number } | null): string {
  return group === null ? 'no group' : (vfioOf(booted).get(group.id) ?? 'not tried');
}

/** Holds each device's verdict against what VFIO did with its group. */
function judgeVfio(booted: Booted): Verdict[] {
  return parsed<DevicesDocument>(booted, 'devices.json')
    .devices.filter((device) => !isPort(device.class))
    .map(({ device, iommu_group, linux: { verdict, step, errno } }) => {
      const did = vfioDid(booted, iommu_group);
      const foretold = verdict === 'ok' ? 'ok' : `${step} ${ERRNO[errno ?? '']}`;
      return {
        what: `VFIO and ${device}`,
        // Without a group nothing can be tried beyond binding the driver.
        holds: did === 'no group' ? verdict === 'blocked' : did === foretold,
        found: `dmar: ${verdict} (${foretold}), VFIO: ${did}`,
      };
    });
}

/** Numbers of the errors that VFIO answers (asm-generic/errno-base.h). */
const ERRNO: Readonly<Record<string, number>> = { EPERM: 1, EINVAL: 22 };

/** Each line in which the kernel refuses a device or complains of the table is explained. */
export function judgeExplain(booted: Booted): Verdict[] {
  const { lines } = parsed<{ lines: { text: string }[] }>(booted, 'explain.json');
  const explained = new Set(lines.map(({ text }) => text));
  const wanted = booted
    .text('dmesg-after')
    .split('\n')
    .filter((line) => /DMAR: Device (is ineligible|scope type does not match)/.test(line));
  const missing = wanted.filter((line) => !explained.has(line));
  return [
    { what: 'explain knows the lines', holds: missing.length === 0, found: missing.join('; ') },
  ];
}

/** What `dmar override` promises: the kernel takes its table, and gives the device away that it refused before. */
export function judgeOverride(before: Booted, after: Booted, device: string): Verdict[] {
  const taken = after.text('dmesg').includes('Table Upgrade: override [DMAR-');
  const did = (booted: Booted): string => {
    const { devices } = parsed<DevicesDocument>(booted, 'devices.json');
    const found = devices.find((one) => one.device === device);
    return vfioDid(booted, found?.iommu_group ?? null);
  };
  const [then, now] = [did(before), did(after)];
  return [
    { what: 'the kernel takes the table', holds: taken, found: 'no line of a table upgrade' },
    {
      what: `${device} can be given away now`,
      holds: then !== 'ok' && now === 'ok',
      found: `before: ${then}, now: ${now}`,
    },
  ];
}

/** dmar says on dom0 that Xen may use another table than the one that is shown. */
export function judgeOtherTable(booted: Booted): Verdict[] {
  const text = booted.text('map').replace(/\s+/g, ' ');
  return [
    { what: 'a note on the table in force', holds: /Xen may use another/.test(text), found: text },
  ];
}

/** A table that cost the IOMMU has an error in it, any other has none. */
function judgeCheck(booted: Booted): Verdict[] {
  const errors = parsed<CheckDocument>(booted, 'check.json')
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ rule }) => rule);
  const lost = booted.text('vfio') === '';
  return [
    {
      what: lost ? 'check finds why the IOMMU was lost' : 'check finds no error',
      holds: errors.length > 0 === lost,
      found: errors.join(', ') || 'no error',
    },
  ];
}

/**
 * Compares dmar's answers with what a booted Xen said.
 *
 * @param given the table that GRUB gave Xen where dom0 does not show it, and the executable that is to tell its map
 */
export function judgeXen(
  booted: Booted,
  given: { readonly dmar: string; readonly table: string } | null,
): Verdict[] {
  const there = parsed<MapDocument>(booted, 'map.json');
  const release = /Xen version (\d+\.\d+\.\d+)/.exec(booted.serial)?.[1] ?? '';
  const capture = booted.path('host.tar.gz');
  const ask = (options: string[]): Buffer =>
    spawnSync(given?.dmar ?? '', ['map', given?.table ?? '', '--root', capture, ...options]).stdout;
  const map = given === null ? there : (JSON.parse(String(ask(['--json']))) as MapDocument);
  const raw = given === null ? readFileSync(booted.path('map.raw')) : ask(['--raw']);
  return [
    same("Xen's release", there.model.xen, release),
    same("the regions' devices", devicesOf(map), devicesInLog(booted.serial)),
    same(
      "the hypercall's buffer",
      raw.toString('hex'),
      readFileSync(booted.path('hypercall')).toString('hex'),
    ),
  ];
}

/** The devices of each region in the table's order; the hypercall has them the other way round. */
const devicesOf = ({ entries }: MapDocument): string[][] =>
  [...entries]
    .sort((a, b) => (a.rmrr?.index ?? 0) - (b.rmrr?.index ?? 0))
    .map(({ devices }) => devices);

/** The same as Xen logs them while it parses the table. */
function devicesInLog(log: string): string[][] {
  const [, ...regions] = log.split(/^.*found ACPI_DMAR_RMRR:\r?\n/m);
  return regions.map((text) => {
    const [lines = ''] = /^(\(XEN\) \[VT-D\] .*\r?\n)*/.exec(text) ?? [];
    return [...lines.matchAll(/(?:endpoint|bridge): ([0-9a-f:.]+)/g)].map(([, name = '']) => name);
  });
}
