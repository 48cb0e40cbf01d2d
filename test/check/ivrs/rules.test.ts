import { describe, expect, it } from 'vitest';
import { decodeIvrs } from '../../../src/acpi/ivrs/decode.js';
import { checkTable } from '../../../src/check/check.js';
import { IVRS_RULES } from '../../../src/check/ivrs/rules.js';
import { corpusIvrs, corpusIvrsNote } from '../../support/corpus.js';
import { ivrsFixtures } from '../../support/fixtures.js';
import { tableOf } from '../../support/tables.js';
import { CASES, type Case } from './cases.js';

const { rules } = IVRS_RULES;
const check = ({ bytes, host }: Case) => checkTable(decodeIvrs(bytes), host).findings;
const idsOf = (from: Case) => [...new Set(check(from).map(({ rule }) => rule.id))];

describe('rules', () => {
  it('have distinct ids of their table and say all that is to be said', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { id, title, advice, consequences } of rules) {
      expect(id).toMatch(/^ivrs(-[a-z0-9]+)+$/);
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(advice).toMatch(/^[A-Z].*[.]$/);
      expect(consequences.length).toBeGreaterThan(0);
    }
  });

  it('each have a case', () => {
    expect(Object.keys(CASES).sort()).toEqual(rules.map(({ id }) => id).sort());
  });

  it('have the severity that the decoder gives their diagnostics', () => {
    for (const { bad } of Object.values(CASES)) {
      for (const { code, severity } of decodeIvrs(bad.bytes).diagnostics) {
        expect({ code, severity }).toEqual({
          code,
          severity: rules.find(({ id }) => id === code)?.severity,
        });
      }
    }
  });

  it.skipIf(corpusIvrs.length === 0)(`find little wrong with real tables${corpusIvrsNote}`, () => {
    const broken = corpusIvrs.filter(({ bytes }) =>
      checkTable(decodeIvrs(bytes)).findings.some(({ severity }) => severity === 'error'),
    );
    expect(broken.length).toBeLessThan(corpusIvrs.length / 20);
  });
});

describe.each(Object.entries(CASES))('%s', (id, { bad, good }) => {
  it('is found, and nothing else', () => {
    expect(idsOf(bad)).toEqual([id]);
  });

  it('is not found where the table just keeps the rule', () => {
    expect(idsOf(good)).not.toContain(id);
  });

  it('tells in one sentence which bytes it is about', () => {
    for (const { offset, length, message } of check(bad)) {
      expect(message).toMatch(/^[A-Z0-9].*[^.]\.$/s);
      expect(message).not.toMatch(/\. [A-Z]|undefined|NaN|object/);
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(offset + length).toBeLessThanOrEqual(bad.bytes.length);
    }
  });
});

it.each([
  ['desktop', []],
  ['two-iommus', []],
  ['laptop', ['ivrs-ivmd-no-iommu', 'ivrs-ivmd-exclusions']],
  ['bad-checksum', ['ivrs-table-checksum']],
  ['unlisted-device', ['ivrs-ivmd-no-iommu']],
  ['single-range', ['ivrs-range-single']],
  ['zero-length', ['ivrs-block-length-zero']],
  ['overlap', ['ivrs-ivmd-overlap']],
])('the fixture %s breaks the rules it is named for', (name, ids) => {
  const bytes = ivrsFixtures.find((fixture) => fixture.name === name)?.bytes;
  const { findings } = checkTable(decodeIvrs(bytes ?? new Uint8Array()));
  expect([...new Set(findings.map(({ rule }) => rule.id))]).toEqual(ids);
});

it('a region for an IOMMU itself is for a device that no IVHD lists', () => {
  const ivhd = {
    name: 'IVHD',
    type: '0x11',
    device: '00:00.2',
    capabilityOffset: 0x40,
    baseAddress: '0xfd200000',
    devices: ['00:00.0-ff:1f.6'],
  };
  const found = (device: string) => {
    const ivmd = { name: 'IVMD', device, flags: 7, startAddress: 0, memoryLength: 4096 };
    const bytes = tableOf({ header: { ivInfo: '0x203041' }, structures: [ivhd, ivmd] });
    return checkTable(decodeIvrs(bytes)).findings.map(({ rule }) => rule.id);
  };
  expect(found('00:00.2')).toContain('ivrs-ivmd-no-iommu');
  expect(found('00:00.3')).not.toContain('ivrs-ivmd-no-iommu');
});
