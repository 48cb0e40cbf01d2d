import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Failure } from '../../src/base/failure.js';
import { TEXT_FORMATS } from '../../src/evidence/formats/index.js';
import { readLog } from '../../src/evidence/logs/read.js';
import { mend } from '../../src/evidence/text.js';
import { mutated } from '../support/tables.js';
import { FUZZ_LIMIT, sources as fuzz } from './targets.js';

const folder = join(import.meta.dirname, 'seeds');
const seeds = readdirSync(folder).map((name) => ({
  name,
  bytes: new Uint8Array(readFileSync(join(folder, name))),
}));

it.each(seeds)('seed $name ends without anything but a Failure', ({ bytes }) => fuzz(bytes));

it('real input with bytes changed, cut off and added is read or refused, whatever it was', async () => {
  await fc.assert(fc.asyncProperty(mutated(seeds.map(({ bytes }) => bytes)), fuzz), {
    numRuns: 2000,
  });
});

/** A text of real lines in any order, some of them with a character changed. */
const shuffled = fc
  .array(
    fc.record({
      line: fc.constantFrom(
        ...seeds.flatMap(({ bytes }) => Buffer.from(bytes).toString('latin1').split('\n')),
      ),
      at: fc.nat(80),
      character: fc.option(fc.constantFrom(...'0123456789abcdefABCDEF:[]()xX*@"-,. \t\r\0ÿ')),
    }),
    { maxLength: 60 },
  )
  .map((lines) =>
    lines
      .map(({ line, at, character }) =>
        character === null ? line : line.slice(0, at) + character + line.slice(at + 1),
      )
      .join('\n'),
  );

it('real lines in any order are read or refused', async () => {
  await fc.assert(
    fc.asyncProperty(shuffled, (text) => fuzz(Buffer.from(text, 'latin1'))),
    { numRuns: 2000 },
  );
});

it('every text reader takes any text at all, also one that it would not be asked for', () => {
  fc.assert(
    fc.property(fc.oneof(shuffled, fc.string()), (text) => {
      const mended = mend(text);
      for (const format of TEXT_FORMATS) {
        try {
          format.read(mended, FUZZ_LIMIT);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
      }
      for (const { base, limit } of readLog(mended)?.regions ?? []) {
        expect([BigInt.asUintN(64, base), BigInt.asUintN(64, limit)]).toEqual([base, limit]);
      }
    }),
    { numRuns: 500 },
  );
});
