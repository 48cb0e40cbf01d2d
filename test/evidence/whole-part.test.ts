import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { byteSum } from '../../src/acpi/sdt.js';
import { wholePart } from '../../src/evidence/whole-part.js';
import { FIXTURES } from '../support/fixtures.js';

const truncated = readFileSync(join(FIXTURES, 'truncated.dat'));

test('holds the structures that are there as a whole, and fits them', () => {
  const part = wholePart(truncated);
  expect(part.length).toBe(136);
  expect(new DataView(part.buffer).getUint32(4, true)).toBe(136);
  expect(byteSum(part)).toBe(0);
});

test('leaves the bytes given as they are, whatever sort of array they are in', () => {
  const before = truncated.toString('hex');
  expect(wholePart(truncated)).toEqual(wholePart(new Uint8Array(truncated)));
  expect(truncated.toString('hex')).toBe(before);
});
