import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseSbdf, type Sbdf } from '../../../src/base/sbdf.js';
import { MIB } from '../../../src/toolstack/libxl/layout.js';
import { completeConfig } from '../../../src/toolstack/xl/config.js';
import { answerForVector, asExpected } from '../../support/guest-answers.js';
import {
  everyTenthAltered,
  guestVectorFolders,
  type LayoutVector,
  readGuestVectors,
} from '../../support/guest-vectors.js';

const mib = (value: number) => BigInt(value) * MIB;

/** What the library says of a guest by libxl's settings. */
function answerFor({ release, input, expected }: LayoutVector) {
  const { memory, mmio_hole, rdm, rdm_mem_boundary, hap, pci, rmrrs } = input;
  const config = completeConfig({
    memory: mib(memory),
    hap,
    rdm,
    pci: pci.map(({ device, rdm_policy }) => ({
      device: parseSbdf(device) as Sbdf,
      rdmPolicy: rdm_policy,
    })),
    ...(mmio_hole === null ? {} : { mmioHole: mib(mmio_hole) }),
    ...(rdm_mem_boundary === null ? {} : { rdmMemBoundary: mib(rdm_mem_boundary) }),
  });
  return asExpected(answerForVector({ config, info: null, notes: [] }, rmrrs, release), expected);
}

describe.each(guestVectorFolders())('libxl of %s', (folder) => {
  const vectors = readGuestVectors<LayoutVector>(folder, 'layout.jsonl');

  it('lays guests out as libxl itself did', () => {
    console.log(`layout.jsonl: ${vectors.length} guests compared`);
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
