import { expect, test } from 'vitest';
import { LinuxMemoryMap } from '../../src/linux/memory-map.js';

const RAM = 1;
const RESERVED = 2;
const ACPI = 3;
const NVS = 4;

/** Ranges of [start, end exclusive, type] in pages from 0x10000000 on. */
const map = (...ranges: [number, number, number][]) =>
  new LinuxMemoryMap(
    ranges.map(([start, end, type]) => ({ start: page(start), end: page(end), type })),
  );
const page = (number: number): bigint => 0x1000_0000n + BigInt(number) * 0x1000n;
const suits = (of: LinuxMemoryMap, from: number, to: number, nvs?: boolean) =>
  of.suits(page(from), page(to) - 1n, nvs);

test('the type of the last range decides, where ranges without a gap cover a region', () => {
  expect(suits(map([0, 4, RESERVED]), 0, 4)).toBe(true);
  expect(suits(map([0, 2, RAM], [2, 4, RESERVED]), 0, 4)).toBe(true);
  expect(suits(map([0, 2, RESERVED], [2, 4, RAM]), 0, 4)).toBe(false);
  expect(suits(map([0, 2, RESERVED], [3, 4, RESERVED]), 0, 4)).toBe(false);
  expect(suits(map([0, 3, RESERVED]), 0, 4)).toBe(false);
  expect(suits(map([1, 4, RESERVED]), 0, 4)).toBe(false);
  expect(suits(map([2, 4, RESERVED], [0, 2, ACPI]), 1, 3)).toBe(true);
});

test('ACPI NVS will do for newer kernels', () => {
  expect(suits(map([0, 4, NVS]), 0, 4)).toBe(true);
  expect(suits(map([0, 4, NVS]), 0, 4, false)).toBe(false);
  expect(suits(map([0, 4, ACPI]), 0, 4)).toBe(false);
});

test('page 0 is reserved by the kernel itself, and the firmware’s area is no RAM', () => {
  const low = new LinuxMemoryMap([{ start: 0n, end: 0x20_0000n, type: RAM }]);
  expect(low.suits(0n, 0xfffn)).toBe(true);
  expect(low.suits(0n, 0x1fffn)).toBe(false);
  expect(low.typeAt(0xa_0000n, 0xf_ffffn)).toBeNull();
  expect(low.typeAt(0x10_0000n, 0x10_0fffn)).toBe(RAM);
});

test('a region of all 64 bits is covered by nothing', () => {
  const all = new LinuxMemoryMap([{ start: 0n, end: 1n << 64n, type: RESERVED }]);
  expect(all.suits(0n, (1n << 64n) - 1n)).toBe(false);
});

test('registers may be in a reserved range that holds all of them, or in none', () => {
  const taken = (of: LinuxMemoryMap, at: number) => of.taken(page(at), page(at + 1)) !== undefined;
  const ranges = map([0, 2, RESERVED], [2, 4, RAM], [4, 5, ACPI]);
  expect([0, 1, 2, 3, 4, 5].map((at) => taken(ranges, at))).toEqual([
    ...[false, false, true, true, true, false],
  ]);
  expect(ranges.taken(page(0) - 1n, page(1))?.type).toBe(RESERVED);
  const low = new LinuxMemoryMap([{ start: 0xf_0000n, end: 0x10_0000n, type: RESERVED }]);
  expect(low.taken(0xf_0000n, 0xf_1000n)).toBeDefined();
});
