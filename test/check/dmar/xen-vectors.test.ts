import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { checkTable } from '../../../src/check/check.js';
import type { Consequence } from '../../../src/check/rule.js';
import { NO_HOST } from '../../../src/check/rule.js';
import { bootXen } from '../../../src/xen/boot.js';
import { parseCmdline } from '../../../src/xen/cmdline.js';
import { findRelease, type Release } from '../../../src/xen/releases.js';
import type { VectorHost } from '../../support/host-tree.js';
import { mutated } from '../../support/tables.js';
import {
  type BootedCase,
  bytesOfHex,
  memoryMapOf,
  readCases,
  type SourceCase,
  topologyOf,
  vectorFolders,
} from '../../support/vectors.js';

/** A release as a number to compare: `4.17.7` and `4.17` are 17, rfc-v7 comes before all. */
const minor = (release: string): number =>
  release === 'rfc-v7' ? 0 : Number(release.split('.')[1]);

/** Whether a rule says that this release may run without VT-d for it. */
const accountsFor =
  (release: string) =>
  ({ who, since, until, turnsOffIommu }: Consequence): boolean =>
    who === 'Xen' &&
    turnsOffIommu === true &&
    (since === undefined || minor(release) >= minor(since)) &&
    (until === undefined || minor(release) <= minor(until));

/** The rules one of which is behind an answer of acpi_parse_dmar that has one cause only. */
const RULES_OF: Readonly<Record<string, readonly string[]>> = {
  '-EEXIST': ['rmrr-overlap'],
  '-EFAULT': ['rmrr-base-above-limit'],
  '-ENODEV': ['drhd-base-zero', 'drhd-base-all-ones'],
  '-ENOMEM': ['drhd-too-many'],
  '-EIO': ['rmrr-in-usable-memory'],
};

interface Off {
  name: string;
  /** What acpi_parse_dmar answered, where that is known. */
  parse_rc?: string | undefined;
  release: string;
  dmar_hex: string;
  host: VectorHost;
}

/** Cases in which Xen ran without VT-d, or did not boot, because of the table and its machine. */
function sourceCases(folder: string): Off[] {
  return readCases<SourceCase>(folder, 'source').flatMap(({ test, host }) => {
    const { options, expected, dmar_hex, name, release } = test;
    const otherCause =
      dmar_hex === null || options.iommu || options.hw_setup_rc || options.dead_drhd !== undefined;
    const { outcome, parse_rc, iommu_enabled } = expected as typeof expected & {
      iommu_enabled?: boolean;
    };
    // A case may have the IOMMU off for the hypercall alone; then its parse_rc is 0.
    const overridden = options.iommu_enabled !== undefined && parse_rc === '0';
    const on = outcome === 'ok' && parse_rc === '0' && iommu_enabled === true;
    return otherCause || overridden || on
      ? []
      : [{ name, release, parse_rc, dmar_hex: dmar_hex as string, host }];
  });
}

const bootedCases = (folder: string): Off[] =>
  readCases<BootedCase>(folder, 'booted').flatMap(({ test, host }) =>
    test.vtd || /iommu=/.test(test.cmdline) ? [] : [{ ...test, host }],
  );

/** The rules that tell why. */
const reasons = ({ dmar_hex, host, release }: Off): string[] =>
  reasonsIn(bytesOfHex(dmar_hex), host, release);

function reasonsIn(bytes: Uint8Array, host: VectorHost, release: string): string[] {
  const facts = { ...NO_HOST, pci: topologyOf(host), memoryMap: memoryMapOf(host) };
  const { findings } = checkTable(decodeDmar(bytes), facts);
  return findings
    .filter(({ rule }) => rule.consequences.some(accountsFor(release)))
    .map(({ rule }) => rule.id);
}

describe.each(vectorFolders())('%s', (folder) => {
  it.each([
    ['source', sourceCases],
    ['booted', bootedCases],
  ] as const)('names why Xen runs without VT-d in every case of %s', (_kind, casesOf) => {
    const cases = casesOf(folder);
    expect(cases.length).toBeGreaterThan(0);
    const unexplained = cases.filter((off) => {
      const found = reasons(off);
      const due = RULES_OF[off.parse_rc ?? ''];
      return !found.some((id) => due === undefined || due.includes(id));
    });
    expect(unexplained.map(({ name, release }) => `${release} ${name}`)).toEqual([]);
  });
});

it('names why the modelled Xen runs without VT-d on mutated tables of the vectors', () => {
  const [folder = ''] = vectorFolders();
  const cases = readCases<SourceCase>(folder, 'source').flatMap(({ test, host }) =>
    test.dmar_hex === null ? [] : [{ test, host, bytes: bytesOfHex(test.dmar_hex) }],
  );
  const tables = cases.map(({ bytes }) => bytes);
  fc.assert(
    fc.property(mutated(tables), fc.constantFrom(...cases), fc.boolean(), (bytes, from, known) => {
      fc.pre(bytes.length >= 48);
      const release = findRelease(from.test.release) as Release;
      const machine = {
        pci: topologyOf(from.host),
        memoryMap: memoryMapOf(from.host),
        segments: new Set(known ? [0, 1] : []),
      };
      const xen = bootXen({ dmar: bytes }, machine, release, parseCmdline('', release));
      fc.pre(xen.outcome !== 'ok' || !xen.iommu_enabled);
      expect(reasonsIn(bytes, from.host, from.test.release)).not.toEqual([]);
    }),
    { numRuns: Number(process.env.DMAR_RUNS ?? 300) },
  );
});
