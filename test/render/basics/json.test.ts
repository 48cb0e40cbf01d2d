import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Json, jsonPieces, pathToJson, toJsonText } from '../../../src/render/basics/json.js';

it('integers beyond 2^53 have all their digits, and undefined keys are left out', () => {
  const items = [{ i: 2n ** 60n, none: undefined }, { text: 'two\nlines' }];
  expect(toJsonText({ none: undefined, items }, 0)).toBe(
    '{"items":[{"i":1152921504606846976},{"text":"two\\nlines"}]}\n',
  );
  expect(toJsonText({ big: 2n ** 60n })).toBe('{\n  "big": 1152921504606846976\n}\n');
  expect(toJsonText({ small: 1 })).toBe('{\n  "small": 1\n}\n');
});

it.each([
  ['caf\udce9', '"caf\ufffd"'],
  ['\\udce9 \\\udce9', String.raw`"\\udce9 \\`.concat('\ufffd"')],
  ['😀 \ud800', '"😀 \ufffd"'],
  ['\x7f\x9b\u202e\u2028', String.raw`"\u007f\u009b\u202e\u2028"`],
])('text is Unicode whatever it was made of: %j', (text, json) => {
  expect(toJsonText(text)).toBe(`${json}\n`);
  expect(toJsonText([text, 2n ** 60n], 0)).toBe(`[${json},1152921504606846976]\n`);
});

it('a path that is not UTF-8 has its bytes in hex behind it', () => {
  expect(pathToJson('café', 'path')).toEqual({ path: 'café' });
  expect(pathToJson('d/caf\udce9', 'source')).toEqual({
    source: 'd/caf\udce9',
    source_bytes: '642f636166e9',
  });
});

it.each([0, 2])(
  'a document with an integer beyond 2^53 is otherwise as JSON.stringify writes it, indented by %i',
  (indent) => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = toJsonText([value as Json, 2n ** 60n], indent);
        const without = toJsonText([value as Json, 'BIG'], indent);
        expect(text).toBe(without.replace(/"BIG"(?=\s*\]\n$)/, `${2n ** 60n}`));
      }),
    );
  },
);

it('a document in pieces is the same text, with a piece at least for each item of a long list', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const list = Array.from({ length: 1500 }, (_, i) => ({ i, value: value as Json }));
      const document: Json = { big: 2n ** 60n, none: undefined, list, deep: [{ list }], end: [] };
      const pieces = [...jsonPieces(document)];
      expect(pieces.join('')).toBe(toJsonText(document));
      expect(pieces.length).toBeGreaterThan(2 * list.length);
    }),
    { numRuns: 20 },
  );
  expect([...jsonPieces([1, { two: [] }])].join('')).toBe(toJsonText([1, { two: [] }]));
});
