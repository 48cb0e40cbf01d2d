import { afterAll, describe, expect, it } from 'vitest';
import { byteSum } from '../../src/acpi/sdt.js';
import { decodeTable, encodeTable } from '../../src/acpi/tables.js';
import { answerDevices } from '../../src/answers/devices.js';
import { answerOverride } from '../../src/answers/override.js';
import { keyOf } from '../../src/base/sbdf.js';
import { corpusIvrs, corpusNote, corpusTables } from '../support/corpus.js';
import { evidenceOf } from '../support/evidence.js';
import { disassemble, iaslNote, iaslVersion } from '../support/iasl.js';

/** Tables as their header bounds them, whole and with devices in regions. */
const tables = [...corpusTables, ...corpusIvrs]
  .map(({ name, bytes }) => {
    const length = decodeTable(bytes).table?.header.length ?? 0;
    return { name, bytes: bytes.subarray(0, length), length };
  })
  .filter(({ bytes, length }) => bytes.length === length && length > 0);

describe.skipIf(tables.length === 0)(`every real table${corpusNote}`, () => {
  const changed: Uint8Array[] = [];
  const originals: Uint8Array[] = [];
  let devices = 0;
  afterAll(() => console.log(`override: ${devices} devices of ${tables.length} tables`));

  it('without any device of its regions is the table without that device, and nothing else', () => {
    for (const { name, bytes } of tables) {
      const old = evidenceOf(bytes);
      for (const { candidate } of answerDevices(old).reports) {
        devices++;
        const { address, uses } = candidate;
        const answer = answerOverride(old, { dropDevice: [address] }, () => '');
        const where = `${name}, ${JSON.stringify(address)}`;
        // What devices says of the new table is what was promised.
        const now = evidenceOf(answer.bytes);
        const key = keyOf(address);
        const { reports } = answerDevices(now, { all: true });
        expect(reports.map((report) => keyOf(report.candidate.address))).not.toContain(key);
        const outcome = answer.outcomes.find(
          ({ before }) => keyOf(before.candidate.address) === key,
        );
        expect(outcome?.after, where).toBeNull();
        // No more than the header and those regions changed.
        const touched = new Set(
          uses.map(({ region: { base, limit } }) => `${base.toString(16)}-${limit.toString(16)}`),
        );
        for (const { what, subject } of answer.diff.changes) {
          if (what === 'header') continue;
          expect(['RMRR', 'IVMD'], where).toContain(what);
          const [, base = '', limit = ''] = /0x([0-9a-f]+)-0x([0-9a-f]+)/.exec(subject) ?? [];
          expect(touched, `${where}: ${subject}`).toContain(`${base}-${limit}`);
        }
        // It is a table without fault, and reads back as it was written.
        expect(byteSum(answer.bytes), where).toBe(0);
        const { table } = decodeTable(answer.bytes);
        expect(table && encodeTable(table), where).toEqual(answer.bytes);
        changed.push(answer.bytes);
        originals.push(bytes);
      }
    }
    expect(devices).toBeGreaterThan(300);
  });

  it.skipIf(iaslVersion === null)(`is read by iasl without a new complaint${iaslNote}`, () => {
    // One changed table of each real one will do: iasl takes its time.
    const picked = changed.filter((_, i) => originals[i] !== originals[i - 1]);
    const before = originals.filter((bytes, i) => bytes !== originals[i - 1]);
    const [old, now] = [disassemble(before), disassemble(picked)];
    for (const [i, { complaints }] of now.entries()) {
      const known = new Set(old[i]?.complaints ?? []);
      expect(complaints.filter((line) => !known.has(line))).toEqual([]);
    }
    console.log(`override: iasl read ${picked.length} tables`);
  });
});
