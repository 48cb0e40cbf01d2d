import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutated } from '../support/tables.js';
import { everyAnswer, json, requireInside, tables } from './targets.js';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const files = (extension: string) =>
  readdirSync(FIXTURES)
    .filter((name) => name.endsWith(extension))
    .map((name) => new Uint8Array(readFileSync(join(FIXTURES, name))));

describe('tables with bytes changed, cut off and added', () => {
  it('are told of by what points into them, and encode to themselves', () => {
    fc.assert(fc.property(mutated(files('.dat')), tables), { numRuns: 2000 });
  });

  it('have every question answered', () => {
    fc.assert(fc.property(mutated(files('.dat')), everyAnswer), { numRuns: 300 });
  });

  it('may come from JSON that was changed as well', () => {
    fc.assert(fc.property(mutated(files('.json')), json), { numRuns: 500 });
  });
});

describe('a remark that points out of the bytes', () => {
  it.each([
    [{ offset: 0, length: 49 }, false],
    [{ offset: 48, length: 1 }, false],
    [{ offset: -1, length: 1 }, false],
    [{ offset: 48, length: 0 }, true],
  ])('%j of 48 is found: %s', (remark, inside) => {
    const ask = expect(() => requireInside([remark], 48));
    if (inside) ask.not.toThrow();
    else ask.toThrow(/points out of 48 bytes/);
  });
});
