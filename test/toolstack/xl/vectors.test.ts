import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ramOf } from '../../../src/toolstack/libxl/build-info.js';
import { completeConfig, readXlGuest } from '../../../src/toolstack/xl/config.js';
import { xlOf } from '../../../src/toolstack/xl/releases.js';
import { answerForVector, asExpected } from '../../support/guest-answers.js';
import {
  everyTenthAltered,
  guestVectorFolders,
  readGuestVectors,
  type XlVector,
} from '../../support/guest-vectors.js';

/** What the library says of a guest by its configuration file. */
function answerFor({ release, input, expected }: XlVector) {
  const { options, info, notes } = readXlGuest(input.config, xlOf(release), release);
  const memory = ramOf(info);
  if (memory === null) throw new Error('a vector whose file has no memory');
  const config = completeConfig({ ...options, memory });
  return asExpected(answerForVector({ config, info, notes }, input.rmrrs, release), expected);
}

describe.each(guestVectorFolders())('xl of %s', (folder) => {
  const vectors = readGuestVectors<XlVector>(folder, 'xl.jsonl');

  it('makes of a file what xl itself did', () => {
    console.log(`xl.jsonl: ${vectors.length} configuration files compared`);
    for (const vector of vectors) expect(answerFor(vector), vector.name).toEqual(vector.expected);
    expect(vectors.length).toBeGreaterThan(0);
  });

  it('is found wrong wherever an expected value is altered', () => {
    const agreeing = everyTenthAltered(vectors).filter((vector) =>
      isDeepStrictEqual(answerFor(vector), vector.expected),
    );
    expect(agreeing.map(({ name }) => name)).toEqual([]);
  });
});
