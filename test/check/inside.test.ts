import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeTable } from '../../src/acpi/tables.js';
import { checkTable } from '../../src/check/check.js';
import { corpusIvrs, corpusTables } from '../support/corpus.js';
import { fixtures, ivrsFixtures } from '../support/fixtures.js';
import { mutated } from '../support/tables.js';

it.each([
  ['DMAR', [...fixtures, ...corpusTables]],
  ['IVRS', [...ivrsFixtures, ...corpusIvrs]],
] as const)(
  'whatever the bytes of a %s table, findings and diagnostics are about bytes that are there',
  (kind, tables) => {
    fc.assert(
      fc.property(mutated(tables.map(({ bytes }) => bytes)), (bytes) => {
        const decoded = decodeTable(bytes, kind);
        const { findings } = checkTable(decoded);
        for (const { offset, length } of [...decoded.diagnostics, ...findings]) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(length).toBeGreaterThanOrEqual(0);
          expect(offset + length).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: Number(process.env.DMAR_RUNS ?? 1500) },
    );
  },
);
