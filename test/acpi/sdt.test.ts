import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteSum } from '../../src/acpi/sdt.js';

describe('the sum of bytes', () => {
  test('is the one that adding byte by byte gives, wherever in a buffer they lie and however many count', () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(bytes, fc.nat(7), fc.nat(110), (given, start, length) => {
        const buffer = new Uint8Array(given.length + 16).fill(0xff);
        buffer.set(given, start);
        const placed = buffer.subarray(start, start + given.length);
        const expected = given.slice(0, length).reduce((sum, byte) => (sum + byte) & 0xff, 0);
        expect(byteSum(placed, length)).toBe(expected);
      }),
    );
  });

  test('is right for more bytes than a sum of bytes has room for', () => {
    expect(byteSum(new Uint8Array(2 ** 20 + 3).fill(0xff))).toBe(((2 ** 20 + 3) * 0xff) & 0xff);
  });
});
