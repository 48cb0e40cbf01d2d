import { expect, it } from 'vitest';
import { toJsonText } from '../../../src/render/basics/json.js';

it('integers beyond 2^53 have all their digits, and undefined keys are left out', () => {
  const items = [{ i: 2n ** 60n, none: undefined }, { text: 'two\nlines' }];
  expect(toJsonText({ none: undefined, items }, 0)).toBe(
    '{"items":[{"i":1152921504606846976},{"text":"two\\nlines"}]}\n',
  );
  expect(toJsonText({ big: 2n ** 60n })).toBe('{\n  "big": 1152921504606846976\n}\n');
  expect(toJsonText({ small: 1 })).toBe('{\n  "small": 1\n}\n');
});
