import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { checkTable } from '../../../src/check/check.js';
import { corpusNote, corpusTables } from '../../support/corpus.js';

describe.skipIf(corpusTables.length === 0)(`real tables${corpusNote}`, () => {
  it('have no errors', () => {
    const errors = corpusTables.flatMap(({ name, bytes }) =>
      checkTable(decodeDmar(bytes))
        .findings.filter(({ rule }) => rule.severity === 'error')
        .map(({ rule, message }) => `${name}: ${rule.id}: ${message}`),
    );
    expect(errors).toEqual([]);
  });
});
