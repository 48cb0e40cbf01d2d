import { expect, test } from 'vitest';
import { type Column, renderTable } from '../../../src/render/basics/table.js';

const COLUMNS: Column[] = [
  { heading: 'n', align: 'right' },
  { heading: 'devices' },
  { heading: 'size', align: 'right' },
];
const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => [
    String(i),
    i % 3 === 0 ? '00:1d.0\n00:1d.1' : 'a long name',
    i % 5 === 0 ? '' : `${i * i} KiB`,
  ]);

test('columns line up, and a cell of two lines makes two lines', async () => {
  expect(await renderTable(COLUMNS, rows(2))).toBe(
    'n  devices       size\n0  00:1d.0\n   00:1d.1\n1  a long name  1 KiB',
  );
});

test('a table too long for the library looks the same', async () => {
  const heading = (text: string) => `\u001b[1m${text}\u001b[22m`;
  const widest = ['1000', 'the longest name of all', '999999 KiB'];
  const short = await renderTable(COLUMNS, [...rows(499), widest], { gap: 3, heading });
  const long = await renderTable(COLUMNS, [...rows(499), widest, ...rows(499)], {
    gap: 3,
    heading,
  });
  expect(long.split('\n').slice(0, short.split('\n').length)).toEqual(short.split('\n'));
});

test('a character that takes two columns is counted as two', async () => {
  const lines = (
    await renderTable(COLUMNS, [
      ['1', '\u6f22', 'x'],
      ['2', 'ab', 'x'],
    ])
  ).split('\n');
  expect(lines.slice(1)).toEqual(['1  \u6f22          x', '2  ab          x']);
});

test('thousands of rows are no trouble', async () => {
  const text = await renderTable(COLUMNS, rows(3000));
  expect(text.split('\n')).toHaveLength(1 + 3000 + 1000);
});
