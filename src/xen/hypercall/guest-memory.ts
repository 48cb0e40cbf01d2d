const PAGE = 4096;

/** A run of guest addresses and what may be done with it. */
interface Mapping {
  start: bigint;
  /** First address after the run. */
  end: bigint;
  readable: boolean;
  writable: boolean;
}

/**
 * The caller's address space. Pages come into being when they are written, so a buffer for billions of
 * entries costs nothing until entries arrive. Copies fail outside what is mapped, as Xen's
 * copy_from_guest and copy_to_guest do with -EFAULT.
 */
export class GuestMemory {
  readonly #mappings: Mapping[] = [];
  readonly #pages = new Map<bigint, Uint8Array>();

  /**
   * Maps addresses; later mappings override earlier ones.
   *
   * @param start first address
   * @param length bytes
   */
  map(start: bigint, length: bigint, access: { readable: boolean; writable: boolean }): void {
    this.#mappings.unshift({ start, end: start + length, ...access });
  }

  /** Bytes at an address, or null where they cannot all be read. */
  copyFrom(address: bigint, length: number): Uint8Array | null {
    if (!this.#allows(address, length, 'readable')) return null;
    const bytes = new Uint8Array(length);
    this.#eachPage(address, length, (page, offset, from, count) => {
      if (page !== undefined) bytes.set(page.subarray(offset, offset + count), from);
    });
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
    this.#eachPage(address, bytes.length, (existing, offset, from, count, frame) => {
      const page = existing ?? new Uint8Array(PAGE);
      if (existing === undefined) this.#pages.set(frame, page);
      page.set(bytes.subarray(from, from + count), offset);
    });
  }

  #allows(address: bigint, length: number, right: 'readable' | 'writable'): boolean {
    const end = address + BigInt(length);
    // The topmost mapping that has any of the bytes decides for all of them.
    const mapping = this.#mappings.find((run) => run.start < end && address < run.end);
    return (
      mapping !== undefined && mapping.start <= address && end <= mapping.end && mapping[right]
    );
  }

  #eachPage(
    address: bigint,
    length: number,
    visit: (
      page: Uint8Array | undefined,
      offset: number,
      from: number,
      count: number,
      frame: bigint,
    ) => void,
  ): void {
    for (let from = 0; from < length; ) {
      const at = address + BigInt(from);
      const frame = at / BigInt(PAGE);
      const offset = Number(at % BigInt(PAGE));
      const count = Math.min(PAGE - offset, length - from);
      visit(this.#pages.get(frame), offset, from, count, frame);
      from += count;
    }
  }
}
