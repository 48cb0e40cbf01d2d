import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GuestMemory } from '../../../src/xen/hypercall/guest-memory.js';

const ALLOWED = { readable: true, writable: true };

it('gives back what was written, across pages and from any address', () => {
  const memory = new GuestMemory();
  memory.map(0xffff_8880_0000_0000n, 0x3000n, ALLOWED);
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  expect(memory.copyTo(0xffff_8880_0000_0800n, bytes)).toBe(true);
  expect(memory.copyFrom(0xffff_8880_0000_0800n, 5000)).toEqual(bytes);
  expect(memory.copyFrom(0xffff_8880_0000_0000n, 4)).toEqual(new Uint8Array(4));
});

it('fails where a copy leaves what is mapped, and writes nothing', () => {
  const memory = new GuestMemory();
  memory.map(0x1000n, 16n, ALLOWED);
  expect(memory.copyTo(0x1008n, new Uint8Array(9).fill(1))).toBe(false);
  expect(memory.copyFrom(0x0fffn, 2)).toBeNull();
  expect(memory.copyFrom(0x1000n, 16)).toEqual(new Uint8Array(16));
});

it('lets a later mapping take rights away', () => {
  const memory = new GuestMemory();
  memory.map(0x1000n, 48n, ALLOWED);
  memory.map(0x1010n, 16n, { readable: true, writable: false });
  expect(memory.copyTo(0x1000n, new Uint8Array(16))).toBe(true);
  expect(memory.copyTo(0x1010n, new Uint8Array(16))).toBe(false);
  expect(memory.copyTo(0x1020n, new Uint8Array(16))).toBe(true);
});

it('holds what was written last at each address, whatever was written where and in what order', () => {
  const writes = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 400 }), fc.uint8Array({ minLength: 1, maxLength: 150 })),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(writes, (all) => {
      const memory = new GuestMemory();
      memory.map(0x1000n, 0x1000n, ALLOWED);
      const plain = new Uint8Array(700);
      for (const [at, bytes] of all) {
        memory.poke(0x1000n + BigInt(at), bytes);
        plain.set(bytes, at);
      }
      expect(memory.copyFrom(0x1000n, plain.length)).toEqual(plain);
      expect(memory.copyFrom(0x1064n, 50)).toEqual(plain.slice(100, 150));
    }),
  );
});
