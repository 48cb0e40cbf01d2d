import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Json, toJsonPieces, toJsonText } from '../../../src/render/basics/json.js';

async function joined(value: Json): Promise<string> {
  let text = '';
  for await (const piece of toJsonPieces(value)) text += piece;
  return text;
}

it('a document in pieces is the document', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 7 }), async (value) => {
      expect(await joined(value as Json)).toBe(await toJsonText(value as Json));
    }),
  );
});

it('so are long lists, undefined keys and integers beyond 2^53', async () => {
  const items = Array.from({ length: 1500 }, (_, i) => ({
    i: BigInt(i) * 2n ** 60n,
    none: undefined,
  }));
  const value = { none: undefined, items: [items, []], text: 'two\nlines' };
  expect(await joined(value)).toBe(await toJsonText(value));
});
