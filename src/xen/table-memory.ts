/**
 * The table as it lies in memory. Xen reads past the table's end when a structure claims so; here such
 * bytes are unknown, read as 0, and remembered, since the answer then hangs on an assumption.
 */
export class TableMemory {
  readonly #view: DataView;
  /** Offset of the first byte that was wanted but is not there; null while all were. */
  missing: number | null = null;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether a byte is there at all. */
  has(offset: number): boolean {
    return offset < this.#view.byteLength;
  }

  u8(offset: number): number {
    return this.#has(offset, 1) ? this.#view.getUint8(offset) : 0;
  }

  u16(offset: number): number {
    return this.#has(offset, 2)
      ? this.#view.getUint16(offset, true)
      : this.u8(offset) + this.u8(offset + 1) * 0x100;
  }

  u32(offset: number): number {
    return this.u16(offset) + this.u16(offset + 2) * 0x1_0000;
  }

  u64(offset: number): bigint {
    return this.#has(offset, 8)
      ? this.#view.getBigUint64(offset, true)
      : BigInt(this.u32(offset)) + (BigInt(this.u32(offset + 4)) << 32n);
  }

  /** Sum of the first so many bytes, modulo 256. */
  sum(length: number): number {
    const last = Math.min(length, this.#view.byteLength);
    if (length > last) this.#has(last, 1);
    let sum = 0;
    for (let i = 0; i < last; i++) sum += this.#view.getUint8(i);
    return sum & 0xff;
  }

  #has(offset: number, width: number): boolean {
    const { byteLength } = this.#view;
    if (offset + width <= byteLength) return true;
    const first = Math.max(offset, byteLength);
    if (this.missing === null || first < this.missing) this.missing = first;
    return false;
  }
}
