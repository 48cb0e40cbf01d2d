import { describe, expect, it } from 'vitest';
import { answerCheck } from '../../src/answers/check.js';
import { answerDevices, type DeviceReport } from '../../src/answers/devices.js';
import { formatSbdf } from '../../src/base/sbdf.js';
import type { CheckResult } from '../../src/check/check.js';
import { filesTree } from '../../src/evidence/files-tree.js';
import { readHost } from '../../src/evidence/host.js';
import { sourceOf } from '../../src/evidence/source-of.js';
import { type Complaint, readDmar } from '../../src/linux/dmar.js';
import { type LinuxKernel, parseLinuxRelease } from '../../src/linux/kernel.js';
import { LinuxMemoryMap } from '../../src/linux/memory-map.js';
import { LinuxVtd } from '../../src/linux/vtd.js';
import type { Host } from '../../src/machine/host.js';
import { PCI_CLASS } from '../../src/machine/pci-topology.js';
import { NODE_TOOLS } from '../../src/read/tools.js';
import {
  type LinuxVector,
  linuxVectorFiles,
  linuxVectorFolders,
  readLines,
} from '../support/linux-vectors.js';

/** What is compared of a boot, by what it is about; both sides make the same keys. */
type Values = Map<string, unknown>;

/** Lines that a kernel logs of a table, by what finds them in a log. */
const LOGGED: Readonly<Record<Complaint, RegExp>> = {
  'bad RMRR': /bad RMRR/,
  'No firmware reserved region': /No firmware reserved region/,
  'Unsupported device scope': /Unsupported device scope/,
  'RHSA refers to non-existent': /RHSA refers to non-existent/,
  'No supported address widths': /No supported address widths/,
  "Can't reserve memory": /Can't reserve memory/,
};

const ERRNO: Readonly<Record<number, string | null>> = { 0: null, 1: 'EPERM', 22: 'EINVAL' };

const classOf = (vector: LinuxVector, bdf: string): number =>
  Number(vector.pci[bdf]?.files?.class ?? 0) >> 8;
const isPort = (vector: LinuxVector, bdf: string) => classOf(vector, bdf) === 0x0604;
const isBridge = (vector: LinuxVector, bdf: string) =>
  classOf(vector, bdf) >> 8 === PCI_CLASS.bridge && isPort(vector, bdf);

/** What the kernel did. */
function expectedOf(vector: LinuxVector): Values {
  const values: Values = new Map();
  const { outcome, groups, log } = vector;
  const grouped = new Set(Object.values(groups).flatMap(({ devices }) => devices));
  values.set('comes up with an IOMMU', outcome === 'up');
  if (outcome !== 'hangs') {
    for (const [complaint, pattern] of Object.entries(LOGGED)) {
      values.set(
        `logs ${complaint}`,
        log.some((line) => pattern.test(line)),
      );
    }
  } else values.set('hangs', true);
  for (const bdf of Object.keys(vector.pci)) {
    if (!isBridge(vector, bdf)) values.set(`${bdf} has a group`, grouped.has(bdf));
  }
  for (const { devices, vfio, iommufd } of Object.values(groups)) {
    if (vfio === null) continue;
    for (const [bdf, [step, errno]] of Object.entries(iommufd ?? {})) {
      const failure = step === 'ok' ? null : { step, errno: ERRNO[errno] };
      values.set(`${bdf} by iommufd`, failure);
    }
    const refused = vfio.step !== 'ok';
    for (const bdf of devices.filter((one) => !isBridge(vector, one))) {
      values.set(`${bdf} by VFIO`, {
        step: refused ? vfio.step : null,
        errno: ERRNO[vfio.errno],
        log: refused ? vfio.log[0] : null,
      });
    }
  }
  values.set('regions that it lists otherwise', []);
  return values;
}

/** What the library says that the kernel does. */
async function answersOf(vector: LinuxVector, own: boolean): Promise<Values> {
  const tree = filesTree(vector.name, linuxVectorFiles(vector));
  const host = readHost(tree);
  const bytes = tree.read('sys/firmware/acpi/tables/DMAR') as Uint8Array;
  const source = await sourceOf(bytes, vector.name, { limit: 2 ** 26 }, NODE_TOOLS);
  const kernel = parseLinuxRelease(vector.kernel) as LinuxKernel;
  const { reports } = answerDevices({ source, host, own }, { all: true });
  const by = new Map(reports.map((one) => [formatSbdf(one.candidate.address), one]));
  const memory = host.memoryMap && new LinuxMemoryMap(host.memoryMap);
  const iommu = vtdOf(bytes, kernel, host);
  const { complaints } = readDmar(bytes, kernel, memory);
  const values: Values = new Map();
  const served = (report: DeviceReport) => iommu.serves(report.candidate) === true;
  const up = iommu.failure === null && reports.some(served);
  values.set('comes up with an IOMMU', up);
  if (iommu.failure?.hangs) values.set('hangs', true);
  else {
    for (const complaint of Object.keys(LOGGED)) {
      values.set(`logs ${complaint}`, complaints.has(complaint as Complaint));
    }
  }
  for (const [bdf, report] of by) {
    if (isBridge(vector, bdf)) continue;
    const without = ['no-iommu', 'no-unit'].includes(report.linux.reason);
    values.set(`${bdf} has a group`, !without && up && served(report));
    if (without) continue;
    const { step, errno, log, iommufd } = report.linux;
    values.set(`${bdf} by VFIO`, { step, errno, log });
    // Only some kernels were asked.
    const tried = Object.values(vector.groups).some((group) => group.iommufd?.[bdf]);
    if (tried) values.set(`${bdf} by iommufd`, iommufd);
  }
  values.set('regions that it lists otherwise', [
    ...new Set(reports.flatMap(({ disagreements }) => disagreements)),
  ]);
  return values;
}

const vtdOf = (bytes: Uint8Array, kernel: LinuxKernel, host: Host): LinuxVtd =>
  new LinuxVtd(bytes, kernel, {
    pci: host.pci,
    memoryMap: host.memoryMap,
    cmdline: host.linuxCmdline,
    isVirtual: (address) => host.pciDetails(address).physicalFunction !== null,
  });

/** What differs: keys with what is expected and what is answered. */
function compare(expected: Values, answered: Values): string[] {
  return [...new Set([...expected.keys(), ...answered.keys()])].flatMap((key) => {
    const [want, got] = [expected.get(key), answered.get(key)].map((value) =>
      JSON.stringify(value ?? null),
    );
    return want === got ? [] : [`${key}: the kernel ${want}, the library ${got}`];
  });
}

/** Every tenth of all values made another one. */
function alter(all: readonly Values[]): number {
  let count = 0;
  let altered = 0;
  for (const values of all) {
    for (const [key, value] of values) {
      if (count++ % 10 !== 0) continue;
      altered++;
      values.set(key, typeof value === 'boolean' ? !value : ['altered', value]);
    }
  }
  return altered;
}

const TIMEOUT = 600_000;

describe.each(linuxVectorFolders())('booted kernels in %s', (folder) => {
  const vectors = readLines<LinuxVector>(folder, (file) => file.startsWith('linux'));

  it.each([
    ['with the groups that they showed', true],
    ['from the table and the machine alone', false],
  ])(
    'decide as the library says, %s',
    async (_how, own) => {
      const expected = vectors.map(expectedOf);
      const answered = await Promise.all(vectors.map((vector) => answersOf(vector, own)));
      const wrong = vectors.flatMap(({ name }, i) =>
        compare(expected[i] as Values, answered[i] as Values).map((what) => `${name}: ${what}`),
      );
      const compared = expected.reduce((sum, { size }) => sum + size, 0);
      console.log(
        `${folder}: ${vectors.length} boots, ${compared} values compared, ${wrong.length} wrong`,
      );
      expect(vectors.length).toBeGreaterThan(0);
      expect(wrong).toEqual([]);
      // A test of the test: it notices each of the values that are altered.
      const altered = alter(expected);
      const noticed = expected.flatMap((values, i) => compare(values, answered[i] as Values));
      expect(noticed).toHaveLength(altered);
    },
    TIMEOUT,
  );

  it(
    'log nothing that check does not find, and all that it says they log',
    async () => {
      const problems: string[] = [];
      for (const vector of vectors) {
        const host = readHost(filesTree(vector.name, linuxVectorFiles(vector)));
        const bytes = Uint8Array.from(Buffer.from(vector.table, 'hex'));
        const source = await sourceOf(bytes, vector.name, { limit: 2 ** 26 }, NODE_TOOLS);
        const { result } = answerCheck({ source, host });
        problems.push(...misquoted(vector, result).map((what) => `${vector.name}: ${what}`));
      }
      expect(problems).toEqual([]);
    },
    TIMEOUT,
  );
});

const version = (release: string): number => {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  return 1000 * major + minor;
};

/** Lines that a finding says the kernel logs and it does not; and boots that fail of which no finding says so. */
function misquoted(vector: LinuxVector, { consequences, findings }: CheckResult): string[] {
  const { kernel, outcome, log, off_by_option: off } = vector;
  if (outcome !== 'up') {
    const told = findings.some(({ severity }) => severity === 'error');
    return told || off ? [] : ['no finding says that the kernel does without an IOMMU'];
  }
  const [release = ''] = /^\d+\.\d+/.exec(kernel) ?? [];
  return [...consequences].flatMap(([rule, those]) =>
    those
      .filter(({ who, since, until }) => {
        const [from, to] = [since ?? '0.0', until ?? '999.0'].map(version) as [number, number];
        return who === 'Linux' && from <= version(release) && version(release) <= to;
      })
      .flatMap(({ effect }) => Array.from(effect.matchAll(/logs "([^"]+)"/g), ([, quote]) => quote))
      .filter((quote = '') => {
        const parts = quote.split('…').map((part) => part.trim());
        return !log.some((line) => parts.every((part) => line.includes(part)));
      })
      .map((quote) => `${rule.id} says that it logs "${quote}"`),
  );
}
