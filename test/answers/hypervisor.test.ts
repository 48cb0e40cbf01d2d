import { describe, expect, it } from 'vitest';
import { decodeTable, type Table } from '../../src/acpi/tables.js';
import { answerDiff } from '../../src/answers/diff.js';
import { answerGuest } from '../../src/answers/guest.js';
import { answerMap } from '../../src/answers/map.js';
import { Failure } from '../../src/base/failure.js';
import { parseSbdf, type Sbdf } from '../../src/base/sbdf.js';
import { loadableTable } from '../../src/regions/edit.js';
import type { AmdDriver } from '../../src/xen/amd/init.js';
import { countEntries } from '../../src/xen/amd/reserved-device-memory.js';
import { evidenceOf } from '../support/evidence.js';
import { ivrsFixtures } from '../support/fixtures.js';
import { tableOf } from '../support/tables.js';

/** A fixture with regions of a page for ranges of devices behind its structures. */
function tableWith(...ranges: [first: number, last: number][]): Uint8Array {
  const { bytes } = ivrsFixtures.find(({ name }) => name.endsWith('laptop')) ?? { bytes: null };
  const structures = ranges.map(([deviceId, auxiliaryData], i) => ({
    ...{ name: 'IVMD', type: 0x22, flags: 7, deviceId, auxiliaryData },
    ...{ startAddress: `0x${(0x8000_0000 + i * 0x2000).toString(16)}`, memoryLength: '0x1000' },
  }));
  const more = decodeTable(tableOf({ header: { signature: 'IVRS' }, structures })).table as Table;
  const table = decodeTable(bytes as Uint8Array).table as Table;
  const all = [...table.structures, ...more.structures];
  return loadableTable({ ...table, structures: all } as Table);
}

/** The code of the failure that a question ends in; null where it is answered. */
function codeOf(ask: () => unknown): string | null {
  try {
    ask();
    return null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.code;
  }
}

describe('an answer of Xen with more entries than anybody could use', () => {
  it('is counted as it would be listed', () => {
    const { xen, answer } = answerMap(evidenceOf(tableWith([8, 0xff], [0x10, 0x1f]))).result;
    expect(answer?.entries.length).toBeGreaterThan(0xf8 + 0x10);
    expect(countEntries(xen.amd as AmdDriver)).toBe(answer?.entries.length);
  });

  it('is refused by what lists it, and by nothing else', () => {
    const many = Array.from({ length: 17 }, (): [number, number] => [8, 0xfff8]);
    const [evidence, few] = [evidenceOf(tableWith(...many)), evidenceOf(tableWith())];
    const guest = { file: null, options: { memory: 4096n * 2n ** 20n }, notes: [] };
    expect(codeOf(() => answerMap(evidence))).toBe('too-many-entries');
    expect(codeOf(() => answerGuest(evidence, guest))).toBe('too-many-entries');
    expect(codeOf(() => answerDiff(few, evidence))).toBe('too-many-entries');
    expect(codeOf(() => answerDiff(evidence, few))).toBe('too-many-entries');
    const device = parseSbdf('00:02.0') as Sbdf;
    expect(answerMap(evidence, { device }).result.answer?.entries.length).toBeGreaterThanOrEqual(
      17,
    );
  });
});
