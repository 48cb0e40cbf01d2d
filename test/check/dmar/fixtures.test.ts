import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { checkTable } from '../../../src/check/check.js';
import { readHost } from '../../../src/evidence/host.js';
import { directoryTree } from '../../../src/read/tree.js';
import { FIXTURES, type Fixture, fixtures } from '../../support/fixtures.js';

/** The rules each fixture was made to break; those that are to be in order break none. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'bad-checksum': ['table-checksum'],
  'base-above-limit': ['rmrr-base-above-limit'],
  'empty-scope': ['rmrr-no-scope'],
  'frame-over-32-bits': ['rmrr-frame-over-32-bits'],
  'limit-on-page-boundary': ['rmrr-limit-page-boundary'],
  'overlapping-rmrrs': ['rmrr-overlap'],
  // The header claims what is no longer there, and so does the structure that was cut.
  truncated: ['structure-length-overrun', 'table-length-beyond-bytes'],
  'zero-length': ['structure-length-zero'],
  // As on the machines they are like.
  'multi-segment': ['drhd-include-all-twice', 'rmrr-shared'],
  'rack-server': ['rmrr-shared', 'table-x2apic-opt-out'],
  'two-socket': ['rmrr-shared'],
};

describe('fixtures', () => {
  it.each(fixtures)('$name breaks the rules it was made for, and no others', ({ name, bytes }) => {
    const { findings } = checkTable(decodeDmar(bytes));
    const found = [...new Set(findings.map(({ rule }) => rule.id))].sort();
    expect(found).toEqual([...(EXPECTED[name] ?? [])].sort());
  });

  it('a captured server breaks what its owner suffers from, and nothing else', () => {
    const { bytes } = fixtures.find(({ name }) => name === 'rack-server') as Fixture;
    const host = readHost(directoryTree(join(FIXTURES, 'rack-server-host')));
    const { findings, notRun } = checkTable(decodeDmar(bytes), host);
    expect([...new Set(findings.map(({ rule }) => rule.id))].sort()).toEqual([
      'rmrr-binding',
      'rmrr-shared',
      'table-x2apic-opt-out',
    ]);
    expect(notRun).toEqual([]);
  });

  it('are all there', () => {
    const names = fixtures.map(({ name }) => name);
    expect(Object.keys(EXPECTED).filter((name) => !names.includes(name))).toEqual([]);
  });
});
