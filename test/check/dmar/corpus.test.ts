import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { checkTable } from '../../../src/check/check.js';
import { corpusNote, corpusTables } from '../../support/corpus.js';

describe.skipIf(corpusTables.length === 0)(`real tables${corpusNote}`, () => {
  it('have no errors, but for the one whose firmware lists a unit at address 0', () => {
    const errors = corpusTables.flatMap(({ name, bytes }) =>
      checkTable(decodeDmar(bytes))
        .findings.filter(({ severity }) => severity === 'error')
        .map(({ rule }) => `${name}: ${rule.id}`),
    );
    // Linux gives up the IOMMU for it (booted 5.10 to 7.3).
    expect(errors).toEqual(['90513e675e02.dat: drhd-base-zero']);
  });
});
