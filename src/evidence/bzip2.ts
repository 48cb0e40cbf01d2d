import { hasBytesAt } from '../base/characters.js';
import { OverLimit } from './limit.js';

/*
 * The .bz2 format: a header, blocks, each a Burrows-Wheeler transform that is coded in runs, by move to front and by
 * Huffman, and an end; several such streams may follow each other. The small libraries for it do not end on some
 * damaged input: a run whose length they count in 32 bits becomes negative.
 */

/** Numbers that begin a block and an end: the digits of pi and of its square root, 24 bits each half. */
const BLOCK = [0x314159, 0x265359] as const;
const END = [0x177245, 0x385090] as const;
/** `BZh`, which begins a stream. */
const MAGIC = [0x42, 0x5a, 0x68] as const;
/** Bytes of a block for each step of the digit in the header. */
const STEP = 100_000;
/** Symbols that one table codes before the next selector is asked. */
const GROUP = 50;
/** Longest code in bits. */
const MAX_CODE = 20;

/** CRC-32 as bzip2 counts it, from the highest bit on (polynomial 0x04c11db7). */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});

const damaged = (what: string): Error => new Error(`it is damaged: ${what}`);

/** Bits of bytes, the highest first. */
class Bits {
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** Bytes of which nothing has been read. */
  get left(): number {
    return this.bytes.length - this.#at;
  }

  /** Whether another stream begins here; asked between bytes. */
  get atStream(): boolean {
    const next = this.bytes.subarray(this.#at, this.#at + MAGIC.length);
    return hasBytesAt(next, 0, MAGIC);
  }

  /** @param count 1 to 24 */
  read(count: number): number {
    while (this.#count < count) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw new Error('it is cut off');
      this.#held = ((this.#held & 0xff_ffff) << 8) | byte;
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#held >>> this.#count) & ((1 << count) - 1);
  }

  /** A number of 32 bits, signed as CRC-32 is counted here. */
  read32(): number {
    return (this.read(16) << 16) | this.read(16);
  }

  /** Passes over what is left of a byte. */
  align(): void {
    this.#count -= this.#count % 8;
  }
}

/** A Huffman code, as the canonical order of its symbols and the codes of each length. */
interface Code {
  readonly symbols: Uint16Array;
  /** By length in bits: the first code, and how many there are. */
  readonly first: Int32Array;
  readonly counts: Int32Array;
}

function codeOf(lengths: Uint8Array): Code {
  const counts = new Int32Array(MAX_CODE + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  const first = new Int32Array(MAX_CODE + 1);
  for (let length = 1; length <= MAX_CODE; length++) {
    first[length] = ((first[length - 1] as number) + (counts[length - 1] as number)) << 1;
  }
  const order = [...lengths.keys()].sort(
    (a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b,
  );
  return { symbols: Uint16Array.from(order), first, counts };
}

function symbolOf(bits: Bits, { symbols, first, counts }: Code): number {
  let code = 0;
  let passed = 0;
  for (let length = 1; length <= MAX_CODE; length++) {
    code = (code << 1) | bits.read(1);
    const place = code - (first[length] as number);
    const count = counts[length] as number;
    if (place >= 0 && place < count) return symbols[passed + place] as number;
    passed += count;
  }
  throw damaged('a code stands for nothing');
}

/** Takes the value at a place of a list to its front. */
function toFront(list: Uint8Array, place: number): number {
  const value = list[place] as number;
  list.copyWithin(1, 0, place);
  list[0] = value;
  return value;
}

/** The bytes that a block uses, in their order. */
function usedBytes(bits: Bits): Uint8Array {
  const ranges = bits.read(16);
  const used: number[] = [];
  for (let high = 0; high < 16; high++) {
    if ((ranges & (0x8000 >> high)) === 0) continue;
    const range = bits.read(16);
    for (let low = 0; low < 16; low++) {
      if ((range & (0x8000 >> low)) !== 0) used.push(high * 16 + low);
    }
  }
  if (used.length === 0) throw damaged('a block uses no byte');
  return Uint8Array.from(used);
}

/** Which code is used for each group of symbols. */
function selectorsOf(bits: Bits, codes: number): Uint8Array {
  const selectors = new Uint8Array(bits.read(15));
  const recent = Uint8Array.from({ length: codes }, (_, i) => i);
  for (let i = 0; i < selectors.length; i++) {
    let place = 0;
    while (bits.read(1) === 1) {
      if (++place >= codes) throw damaged('a selector is out of range');
    }
    selectors[i] = toFront(recent, place);
  }
  return selectors;
}

function readCode(bits: Bits, symbols: number): Code {
  const lengths = new Uint8Array(symbols);
  let length = bits.read(5);
  for (let i = 0; i < symbols; i++) {
    while (bits.read(1) === 1) length += bits.read(1) === 1 ? -1 : 1;
    if (length < 1 || length > MAX_CODE) throw damaged('a code is too long');
    lengths[i] = length;
  }
  return codeOf(lengths);
}

/**
 * Reads the transformed bytes of a block.
 *
 * @param into where to, each below 256; as long as a block may be
 * @returns how many they are
 */
function readBlock(bits: Bits, into: Uint32Array): number {
  const used = usedBytes(bits);
  const codeCount = bits.read(3);
  if (codeCount < 2 || codeCount > 6) throw damaged('a block has no codes');
  const selectors = selectorsOf(bits, codeCount);
  const end = used.length + 1;
  const codes = Array.from({ length: codeCount }, () => readCode(bits, end + 1));
  let count = 0;
  let run = 0;
  let weight = 1;
  for (let read = 0; ; read++) {
    const code = codes[selectors[Math.floor(read / GROUP)] as number];
    if (code === undefined) throw damaged('a block has no end');
    const symbol = symbolOf(bits, code);
    if (symbol <= 1) {
      run += weight << symbol;
      weight *= 2;
      if (run > into.length) throw damaged('a block is too long');
      continue;
    }
    if (count + run + (symbol === end ? 0 : 1) > into.length) throw damaged('a block is too long');
    into.fill(used[0] as number, count, count + run);
    count += run;
    run = 0;
    weight = 1;
    if (symbol === end) return count;
    into[count++] = toFront(used, symbol - 1);
  }
}

/** Turns a block's transformed bytes into links: each byte in the low 8 bits, above it where the next one is. */
function link(block: Uint32Array, count: number): void {
  const next = new Uint32Array(257);
  for (let i = 0; i < count; i++) {
    const after = (block[i] as number) + 1;
    next[after] = (next[after] as number) + 1;
  }
  for (let i = 1; i < 257; i++) next[i] = (next[i] as number) + (next[i - 1] as number);
  for (let i = 0; i < count; i++) {
    const byte = (block[i] as number) & 0xff;
    const place = next[byte] as number;
    next[byte] = place + 1;
    block[place] = (block[place] as number) | (i << 8);
  }
}

/** Bytes that grow up to a limit. */
class Output {
  #bytes: Uint8Array;
  length = 0;

  constructor(readonly limit: number) {
    this.#bytes = new Uint8Array(Math.min(limit, STEP));
  }

  push(byte: number, times: number): void {
    const end = this.length + times;
    if (end > this.limit) throw new OverLimit();
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.limit, Math.max(end, this.#bytes.length * 2)));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.fill(byte, this.length, end);
    this.length = end;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

/**
 * Writes a linked block: after four equal bytes a fifth says how many more of them follow.
 *
 * @returns its CRC-32
 */
function writeBlock(block: Uint32Array, count: number, start: number, output: Output): number {
  let crc = -1;
  let entry = block[start] as number;
  let previous = -1;
  let equal = 0;
  for (let i = 0; i < count; i++) {
    entry = block[entry >>> 8] as number;
    const byte = entry & 0xff;
    const isCount = equal === 4;
    const value = isCount ? previous : byte;
    const times = isCount ? byte : 1;
    for (let k = 0; k < times; k++) {
      crc = (crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ value) & 0xff] as number);
    }
    output.push(value, times);
    equal = isCount ? 0 : byte === previous ? equal + 1 : 1;
    previous = isCount ? -1 : byte;
  }
  return ~crc;
}

/**
 * Decompresses a .bz2 file.
 *
 * @param limit most bytes to make
 * @returns those it made, and how many follow its end that are something else
 * @throws OverLimit where there are more; Error where it is damaged or cut off
 */
export function bunzip2(bytes: Uint8Array, limit: number): { bytes: Uint8Array; trailing: number } {
  const bits = new Bits(bytes);
  const output = new Output(limit);
  const room = new Uint32Array(9 * STEP);
  while (bits.atStream) {
    bits.read(24);
    const size = (bits.read(8) - 0x30) * STEP;
    if (size < STEP || size > 9 * STEP) throw damaged('its header names no size of a block');
    const block = room.subarray(0, size);
    for (let all = 0; ; ) {
      const magic = [bits.read(24), bits.read(24)];
      const crc = bits.read32();
      if (magic.every((half, i) => half === END[i])) {
        if (crc !== all) throw damaged('its checksum does not match');
        bits.align();
        break;
      }
      if (!magic.every((half, i) => half === BLOCK[i])) throw damaged('a block does not begin');
      if (bits.read(1) === 1) throw new Error('it is of an old kind, bzip2 before 0.9.5');
      const start = bits.read(24);
      const count = readBlock(bits, block);
      if (start >= count) throw damaged('a block begins after its end');
      link(block, count);
      if (writeBlock(block, count, start, output) !== crc) {
        throw damaged('the checksum of a block does not match');
      }
      all = ((all << 1) | (all >>> 31)) ^ crc;
    }
  }
  return { bytes: output.bytes, trailing: bits.left };
}
