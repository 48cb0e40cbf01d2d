import { expect, test } from 'vitest';
import { append } from '../../src/base/lists.js';

test('each key has its own list, in the order of what was added', () => {
  const lists = new Map<string, number[]>();
  for (const [key, item] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
    ['a', 1],
  ] as const)
    append(lists, key, item);
  expect([...lists]).toEqual([
    ['a', [1, 3, 1]],
    ['b', [2]],
  ]);
});
