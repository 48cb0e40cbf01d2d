/** A run of guest addresses and what may be done with it. */
interface Mapping {
  start: bigint;
  /** First address after the run. */
  end: bigint;
  readable: boolean;
  writable: boolean;
}

/** Bytes that were written one after the other. */
interface Run {
  readonly start: bigint;
  /** As many as there is room for. */
  bytes: Uint8Array;
  length: number;
}

/** Bytes that a run begins with room for. */
const ROOM = 64;

/**
 * The caller's address space. Only what was written takes memory, so a buffer for billions of entries costs
 * nothing until entries arrive. Copies fail outside what is mapped, as Xen's copy_from_guest and copy_to_guest do
 * with -EFAULT.
 */
export class GuestMemory {
  readonly #mappings: Mapping[] = [];
  /** None of them overlap. */
  #runs: Run[] = [];

  /**
   * Maps addresses; later mappings override earlier ones.
   *
   * @param start first address
   * @param length bytes
   */
  map(start: bigint, length: bigint, access: { readable: boolean; writable: boolean }): void {
    const { readable, writable } = access;
    this.#mappings.unshift({ start, end: start + length, readable, writable });
  }

  /** Bytes at an address, or null where they cannot all be read; those that nobody wrote are 0. */
  copyFrom(address: bigint, length: number): Uint8Array | null {
    if (!this.#allows(address, length, 'readable')) return null;
    const bytes = new Uint8Array(length);
    for (const run of this.#runs) {
      const at = run.start - address;
      if (at >= length || at + BigInt(run.length) <= 0n) continue;
      const from = Math.max(0, -Number(at));
      const to = Math.min(run.length, length - Number(at));
      bytes.set(run.bytes.subarray(from, to), Number(at) + from);
    }
    return bytes;
  }

  /** Writes bytes at an address; false, and nothing written, where they cannot all be. */
  copyTo(address: bigint, bytes: Uint8Array): boolean {
    if (!this.#allows(address, bytes.length, 'writable')) return false;
    this.poke(address, bytes);
    return true;
  }

  /** Writes as the guest itself would, past any protection. */
  poke(address: bigint, bytes: Uint8Array): void {
    const before = this.#runs.find(
      ({ start, length }) => start <= address && address <= start + BigInt(length),
    );
    const run = before ?? { start: address, bytes: new Uint8Array(ROOM), length: 0 };
    if (before === undefined) this.#runs.push(run);
    write(run, Number(address - run.start), bytes);
    if (this.#runs.length > 1) this.#join(run);
  }

  /** Takes into a run that has grown what it has come to meet. */
  #join(run: Run): void {
    const end = run.start + BigInt(run.length);
    const met = this.#runs.filter(
      ({ start, length }) => run.start < start && start < end && length > 0,
    );
    for (const other of met) {
      const at = run.length - Number(other.start - run.start);
      if (at < other.length) write(run, run.length, other.bytes.subarray(at, other.length));
    }
    if (met.length > 0) this.#runs = this.#runs.filter((other) => !met.includes(other));
  }

  #allows(address: bigint, length: number, right: 'readable' | 'writable'): boolean {
    const end = address + BigInt(length);
    // The topmost mapping that has any of the bytes decides for all of them.
    const mapping = this.#mappings.find((run) => run.start < end && address < run.end);
    return (
      mapping !== undefined && mapping.start <= address && end <= mapping.end && mapping[right]
    );
  }
}

/** Writes bytes into a run, at most at its end, which makes room for them by doubling. */
function write(run: Run, at: number, bytes: Uint8Array): void {
  const length = Math.max(run.length, at + bytes.length);
  if (length > run.bytes.length) {
    const larger = new Uint8Array(Math.max(length, 2 * run.bytes.length));
    larger.set(run.bytes);
    run.bytes = larger;
  }
  run.bytes.set(bytes, at);
  run.length = length;
}
