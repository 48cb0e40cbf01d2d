import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { checkTable } from '../../../src/check/check.js';
import { DMAR_RULES } from '../../../src/check/dmar/rules.js';
import { NO_HOST } from '../../../src/check/rule.js';
import { tableOf } from '../../support/tables.js';
import { CASES, type Case } from './cases.js';

const RULES = DMAR_RULES.rules;

const check = ({ bytes, host }: Case) => checkTable(decodeDmar(bytes), host).findings;
/** Rules that are broken, without what is only told beside. */
const idsOf = (from: Case) => [
  ...new Set(
    check(from).flatMap(({ rule, severity }) =>
      severity === 'info' && rule.severity !== 'info' ? [] : [rule.id],
    ),
  ),
];

describe('rules', () => {
  it('have distinct kebab-case ids and say all that is to be said', () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    for (const { id, title, advice, consequences } of RULES) {
      expect(id).toMatch(
        /^(table|structure|scope|drhd|rmrr|atsr|rhsa|andd|satc|sidp)(-[a-z0-9]+)+$/,
      );
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(advice).toMatch(/^[A-Z].*[.]$/);
      expect(consequences.length).toBeGreaterThan(0);
    }
  });

  it('each have a case', () => {
    expect(Object.keys(CASES).sort()).toEqual(RULES.map(({ id }) => id).sort());
  });

  it('have the severity that the decoder gives their diagnostics', () => {
    for (const { bad } of Object.values(CASES)) {
      for (const { code, severity } of decodeDmar(bad.bytes).diagnostics) {
        expect({ code, severity }).toEqual({
          code,
          severity: RULES.find(({ id }) => id === code)?.severity,
        });
      }
    }
  });
});

describe('rmrr-overlap', () => {
  const region = (baseAddress: number, limitAddress: number) => ({
    name: 'RMRR',
    baseAddress,
    limitAddress,
    devices: ['0000:00:1d.0'],
  });
  const overlapping = (...regions: object[]) =>
    check({ bytes: tableOf({ structures: regions }), host: NO_HOST })
      .filter(({ rule }) => rule.id === 'rmrr-overlap')
      .map(({ offset }) => (offset - 56) / 32);

  it('is found of regions far apart in the table, and blamed on the later one', () => {
    const wide = region(0x1000, 0x9fff);
    expect(overlapping(region(0x3000, 0x3fff), region(0xa000, 0xafff), wide)).toEqual([2]);
    expect(overlapping(wide, region(0xa000, 0xafff), region(0x9000, 0x9fff))).toEqual([2]);
  });

  it('is found of a region that ends before it begins inside another, as Xen does', () => {
    expect(overlapping(region(0x1000, 0x9fff), region(0x5000, 0x2fff))).toEqual([1]);
    expect(overlapping(region(0x1000, 0x4fff), region(0x5000, 0x2fff))).toEqual([]);
    expect(overlapping(region(0x3000, 0x9fff), region(0x5000, 0x2fff))).toEqual([]);
  });

  it('agrees with a comparison of all pairs', () => {
    const address = fc.nat(40).map((page) => page * 0x1000);
    fc.assert(
      fc.property(fc.array(fc.tuple(address, address), { maxLength: 12 }), (pairs) => {
        const touches = ([b, l]: readonly [number, number], [c, m]: readonly [number, number]) =>
          b <= m && c <= l;
        const last = (limit: number) => limit + 0xfff;
        const all = pairs.map(([base, limit]) => [base, last(limit)] as const);
        const any = all.some(
          (a, i) => a[0] <= a[1] && all.some((b, j) => i !== j && touches(a, b)),
        );
        expect(overlapping(...all.map(([base, limit]) => region(base, limit))).length > 0).toBe(
          any,
        );
      }),
    );
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
