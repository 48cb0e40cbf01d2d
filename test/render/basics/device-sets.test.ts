import { expect, test } from 'vitest';
import { DeviceSets } from '../../../src/render/basics/device-sets.js';
import { PLAIN } from '../../../src/render/basics/style.js';

const page = { columns: 40, style: PLAIN };
const few = ['0000:00:1a.0', '0000:00:1d.0'];
const three = [...few, '0000:00:14.0'];
const many = Array.from({ length: 8 }, (_, i) => `0000:0${i}:00.0`);

test('a list that comes again gets a letter, and so does a long one', () => {
  const sets = new DeviceSets([few, three, many, three, few]);
  expect(sets.name(three)).toBe('A, 3 devices');
  expect(sets.name(many)).toBe('B, 8 devices');
  expect(sets.name(few)).toBeNull();
  expect(sets.cell(few, false)).toBe('00:1a.0\n00:1d.0');
  expect(sets.cell(few, true)).toBe('0000:00:1a.0\n0000:00:1d.0');
  expect(sets.cell(many, false)).toBe('B, 8 devices');
});

test('the legend names every device once, within the columns', () => {
  const sets = new DeviceSets([many, three, three, many]);
  const legend = sets.legend(page);
  expect(legend.split('\n')).toEqual([
    'Devices:',
    '- A: 00:00.0, 01:00.0, 02:00.0, 03:00.0,',
    '  04:00.0, 05:00.0, 06:00.0, 07:00.0',
    '- B: 00:1a.0, 00:1d.0, 00:14.0',
  ]);
});

test('where no list is long or comes again, there is no legend', () => {
  expect(new DeviceSets([few, three, few]).legend(page)).toBe('');
});

test('the letter after Z is AA', () => {
  const lists = Array.from({ length: 28 }, (_, i) => [...many, `${i}`]);
  const sets = new DeviceSets(lists);
  expect(sets.letter(lists[25] ?? [])).toBe('Z');
  expect(sets.letter(lists[26] ?? [])).toBe('AA');
  expect(sets.letter(lists[27] ?? [])).toBe('AB');
});
