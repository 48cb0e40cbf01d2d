import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.js';

test("the digest is that of Node's own SHA-256, for every length of a last block and for many blocks", () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 37) ^ (i >> 5));
  for (const length of [...Array(200).keys(), bytes.length]) {
    const expected = createHash('sha256').update(bytes.subarray(0, length)).digest('hex');
    expect(sha256(bytes.subarray(0, length))).toBe(expected);
  }
});
