import { expect, test } from 'vitest';
import { joinBytes } from '../../src/base/bytes.js';

test('runs of bytes come one after the other, whatever memory they lie in', () => {
  const memory = Uint8Array.of(0, 1, 2, 3, 4, 5);
  const parts = [memory.subarray(1, 3), new Uint8Array(0), Buffer.of(9), memory.subarray(5)];
  expect(joinBytes(parts)).toEqual(new Uint8Array(Buffer.concat(parts)));
  expect(joinBytes([])).toEqual(new Uint8Array(0));
});
