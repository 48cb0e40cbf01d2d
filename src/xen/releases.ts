/**
 * What differs from release to release of Xen, as data: a list of changes, each with the release since
 * which it holds. The facts are those measured on Xen's own functions and on booted hypervisors.
 */

import { requireText } from '../base/arguments.js';
import { EXIT, Failure } from '../base/failure.js';
import { frozen } from '../base/frozen.js';
import type { IommuReading } from './iommu-option.js';

/** Everything in which the modelled code differs between releases. */
export interface Behaviour {
  /** Layout of the hypercall's argument, and with it whether it has flags and can ask for one device. */
  interface: 'rfc-v7' | '4.6';
  /** Errno for a start_extent in the command word; null: it is ignored. */
  startExtentErrno: 'ENOSYS' | 'EINVAL' | null;
  /** Whether a native caller never sees regions of 0 pages. A compat caller does to this day. */
  skipsEmptyNative: boolean;
  /** Whether a DRHD that names absent devices fails the table, or is only warned about. */
  drhdAbsentDevicesFail: boolean;
  /** Whether segment 0, and those of MCFG, are known while the table is parsed, so absence is noticed. */
  segmentsKnown: boolean;
  /** Whether reading a bridge at a device over 31 or a function over 7 stops the hypervisor. */
  wideBridgeBug: boolean;
  /** DRHDs that can be allocated; one more fails the table. */
  drhdLimit: number;
  /** Whether RMRR pages must be reserved in the firmware's memory map. */
  checksMemoryMap: boolean;
  /** Whether SATC structures are parsed. */
  parsesSatc: boolean;
  /** Whether Xen has the `rmrr=` option, and how it treats a region that is too long. */
  rmrrOption: null | 'drops-long-region' | 'refuses-long-region';
  /** Whether AMD's driver reports its regions at all, and has the `ivmd=` option. */
  amdReports: boolean;
  /** Which pages an IVMD may claim: reserved ones, or (the test being upside down) others. */
  ivmdMemoryTest: 'right' | 'inverted';
  /** What an IVMD for a device without IOMMU does: fail the table, or nothing. */
  ivmdWithoutIommu: 'fails' | 'ignored';
  /** How memory of Xen's own that a device uses is registered on AMD; null: it is not. */
  amdExtraReserved: null | 'as-is' | 'reserved-first';
  /** Whether AMD's IOMMU is not used where the processor lacks CMPXCHG16B. */
  amdNeedsCx16: boolean;
  /** How `iommu=` reads its words. */
  iommuOption: IommuReading;
  /** What becomes of the table under `iommu=off,no-intremap`. */
  parseWithoutIommu: 'EINVAL' | 'not-called';
}

/** The code the hypercall was first proposed for, October 2014. */
const RFC_V7: Behaviour = {
  interface: 'rfc-v7',
  startExtentErrno: null,
  skipsEmptyNative: false,
  drhdAbsentDevicesFail: true,
  segmentsKnown: false,
  wideBridgeBug: true,
  drhdLimit: 33,
  checksMemoryMap: false,
  parsesSatc: false,
  rmrrOption: null,
  amdReports: false,
  ivmdMemoryTest: 'inverted',
  ivmdWithoutIommu: 'fails',
  amdExtraReserved: null,
  amdNeedsCx16: false,
  iommuOption: 'loose',
  parseWithoutIommu: 'EINVAL',
};

/** A release as [minor, point] of Xen 4. */
type Point = readonly [minor: number, point: number];

/** In the order of the releases; later ones override. */
const CHANGES: readonly { since: Point; set: Partial<Behaviour> }[] = [
  { since: [6, 0], set: { interface: '4.6', startExtentErrno: 'ENOSYS' } },
  { since: [8, 0], set: { startExtentErrno: 'EINVAL' } },
  { since: [9, 0], set: { rmrrOption: 'drops-long-region' } },
  {
    since: [12, 0],
    set: { drhdAbsentDevicesFail: false, segmentsKnown: true, iommuOption: 'assigning' },
  },
  { since: [13, 0], set: { wideBridgeBug: false } },
  { since: [15, 0], set: { drhdLimit: 32 } },
  {
    since: [16, 0],
    set: {
      drhdLimit: Number.POSITIVE_INFINITY,
      skipsEmptyNative: true,
      parseWithoutIommu: 'not-called',
      amdReports: true,
    },
  },
  { since: [16, 2], set: { iommuOption: 'strict' } },
  {
    since: [17, 0],
    set: { segmentsKnown: false, rmrrOption: 'refuses-long-region', amdExtraReserved: 'as-is' },
  },
  { since: [17, 4], set: { ivmdMemoryTest: 'right' } },
  { since: [18, 0], set: { ivmdMemoryTest: 'inverted' } },
  { since: [18, 1], set: { ivmdMemoryTest: 'right' } },
  { since: [18, 4], set: { ivmdWithoutIommu: 'ignored' } },
  { since: [18, 5], set: { amdNeedsCx16: true } },
  {
    since: [19, 0],
    set: {
      checksMemoryMap: true,
      parsesSatc: true,
      ivmdWithoutIommu: 'fails',
      amdExtraReserved: 'reserved-first',
      amdNeedsCx16: false,
    },
  },
  { since: [19, 1], set: { ivmdWithoutIommu: 'ignored' } },
  { since: [19, 2], set: { amdNeedsCx16: true } },
  { since: [19, 4], set: { segmentsKnown: true } },
  { since: [20, 0], set: { segmentsKnown: false } },
  { since: [20, 2], set: { segmentsKnown: true } },
];

const FIRST_MINOR = 6;
/** Last point release of each minor one, from 4.6 on. */
const LAST_POINTS: readonly number[] = [6, 6, 5, 4, 4, 4, 4, 5, 6, 7, 7, 7, 6, 6, 4, 2, 0];
const LAST_MINOR = FIRST_MINOR + LAST_POINTS.length - 1;

/** A release and what it does. */
export interface Release extends Behaviour {
  /** `rfc-v7`, or a release with its point: `4.17.7`. */
  readonly name: string;
}

const isSince = ([minor, point]: Point, since: Point): boolean =>
  minor > since[0] || (minor === since[0] && point >= since[1]);

/** Releases that were asked for, since a question may ask for all of them. */
const RELEASES = new Map<string, Release>();

function release(minor: number, point: number): Release {
  const name = `4.${minor}.${point}`;
  const known = RELEASES.get(name);
  if (known !== undefined) return known;
  const changes = CHANGES.filter(({ since }) => isSince([minor, point], since));
  const made = frozen<Release>(
    Object.assign({ ...RFC_V7, name }, ...changes.map(({ set }) => set)),
  );
  RELEASES.set(name, made);
  return made;
}

/**
 * Finds a release by its name: `rfc-v7`, `4.17.7`, or `4.17`, which means its last point release.
 *
 * @returns null where there is no such release, or none that this model knows
 */
export function findRelease(name: string): Release | null {
  requireText(name, 'name');
  if (name === 'rfc-v7') return { ...RFC_V7, name };
  const match = /^4\.(\d{1,2})(?:\.(\d{1,2}))?$/.exec(name);
  if (match === null) return null;
  const minor = Number(match[1]);
  const last = LAST_POINTS[minor - FIRST_MINOR];
  if (last === undefined) return null;
  const point = match[2] === undefined ? last : Number(match[2]);
  return point > last ? null : release(minor, point);
}

/** The newest release this model knows. */
export const newestRelease = (): Release => NEWEST;

const NEWEST = release(LAST_MINOR, LAST_POINTS.at(-1) as number);

/** Every point release after one, in the order of their numbers: `4.18.6` is followed by `4.19.0`. */
export function* laterReleases({ name }: Pick<Release, 'name'>): Generator<Release> {
  const [, minor = FIRST_MINOR - 1, point = 0] = name.split('.').map(Number);
  for (const [i, last] of LAST_POINTS.entries()) {
    const from = FIRST_MINOR + i === minor ? point + 1 : 0;
    if (FIRST_MINOR + i < minor) continue;
    for (let next = from; next <= last; next++) yield release(FIRST_MINOR + i, next);
  }
}

/** `rfc-v7`, then the last point release of every minor one, oldest first. */
export const releaseNames = (): string[] => [
  'rfc-v7',
  ...LAST_POINTS.map((point, i) => `4.${FIRST_MINOR + i}.${point}`),
];

/** Every release from 4.6.0 on, oldest first; made when first asked for, since few runs need them. */
const allReleases = (): readonly Release[] => {
  known ??= LAST_POINTS.flatMap((last, i) =>
    Array.from({ length: last + 1 }, (_, point) => release(FIRST_MINOR + i, point)),
  );
  return known;
};
let known: readonly Release[] | undefined;

/**
 * The releases that a text names: one, several with commas, ranges such as `4.13..4.17` or `4.17..`, both ends
 * inclusive and with all their point releases.
 *
 * @returns oldest first, each once; null where a part of the text names no release that this model knows
 */
export function findReleases(text: string): Release[] | null {
  const names = new Set<string>();
  for (const part of text.split(',')) {
    const found = part.includes('..') ? releasesBetween(part) : findRelease(part);
    if (found === null) return null;
    for (const { name } of Array.isArray(found) ? found : [found]) names.add(name);
  }
  const first = names.has('rfc-v7') ? [findRelease('rfc-v7') as Release] : [];
  return [...first, ...allReleases().filter(({ name }) => names.has(name))];
}

/**
 * The releases that a text names (see {@link findReleases}), oldest first.
 *
 * @throws Failure `unknown-release`, a matter of usage
 */
export function requireReleases(text: string): Release[] {
  const releases = findReleases(text);
  if (releases !== null) return releases;
  throw new Failure(
    'unknown-release',
    `Xen ${text} is not supported.`,
    `Known are ${releaseNames().join(', ')}, every point release before those, ranges such as 4.13..4.17 and 4.17.., and lists with commas.`,
    EXIT.usage,
  );
}

function releasesBetween(range: string): Release[] | null {
  const [from = '', to = '', ...more] = range.split('..');
  const all = allReleases();
  const start = from === '' ? 0 : all.findIndex(({ name }) => `${name}.`.startsWith(`${from}.`));
  const end =
    to === '' ? all.length - 1 : all.findLastIndex(({ name }) => `${name}.`.startsWith(`${to}.`));
  const known = [from, to].every((name) => name === '' || /^4\.\d/.test(name));
  return more.length > 0 || !known || start < 0 || end < start ? null : all.slice(start, end + 1);
}

/**
 * Releases in few words, as {@link findReleases} takes them: `4.6.0..4.12.4,4.19.0`.
 *
 * @param names of releases, oldest first
 */
export function releaseRanges(names: readonly string[]): string {
  const order = ['rfc-v7', ...allReleases().map(({ name }) => name)];
  const runs: { first: string; last: string; end: number }[] = [];
  for (const name of names) {
    const at = order.indexOf(name);
    const run = runs.at(-1);
    // A range has no end at rfc-v7, which is no release.
    if (run !== undefined && run.end === at && at > 1)
      Object.assign(run, { last: name, end: at + 1 });
    else runs.push({ first: name, last: name, end: at + 1 });
  }
  return runs.map(({ first, last }) => (first === last ? first : `${first}..${last}`)).join(',');
}

/** What a host's version string comes to. */
export interface HostRelease {
  release: Release;
  /** Whether the host's very release is known; otherwise the nearest one stands in. */
  exact: boolean;
}

/**
 * The release whose behaviour a running hypervisor has.
 *
 * @param version as the hypervisor tells it, e.g. `4.17.3-pre` or `4.18.0`
 * @returns null where the text is no version of Xen
 */
export function releaseOfHost(version: string): HostRelease | null {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version);
  if (match === null) return null;
  const [major = 0, minor = 0, point = 0] = match.slice(1).map((part) => Number(part ?? 0));
  if (major > 4 || (major === 4 && minor > LAST_MINOR)) {
    return { release: newestRelease(), exact: false };
  }
  if (major < 4 || minor < FIRST_MINOR) return { release: release(FIRST_MINOR, 0), exact: false };
  const last = LAST_POINTS[minor - FIRST_MINOR] as number;
  return { release: release(minor, Math.min(point, last)), exact: point <= last };
}
