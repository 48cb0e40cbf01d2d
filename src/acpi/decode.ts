import { requireBytes } from '../base/arguments.js';
import { hex } from '../base/hex.js';
import type { Diagnostic } from './diagnostic.js';
import { Reader } from './layout.js';
import { byteSum } from './sdt.js';
import {
  type Decoded,
  type DecodedTable,
  kindOfType,
  type SdtHeader,
  STRUCTURE_HEADER,
  type TableLayout,
} from './table-layout.js';

/**
 * Decodes a table, whatever the bytes say.
 *
 * @param layout which table to take them for
 * @param bytes the table from its signature on; they may be fewer or more than its length field claims
 * @returns what was understood, and a diagnostic with byte offset and length for everything odd
 */
export function decodeAs<T extends DecodedTable>(
  layout: TableLayout<T>,
  bytes: Uint8Array,
): Decoded<T> {
  return new Decoder(layout, bytes).table();
}

class Decoder<T extends DecodedTable> {
  readonly #layout: TableLayout<T>;
  readonly #bytes: Uint8Array;
  readonly #reader: Reader;

  constructor(layout: TableLayout<T>, bytes: Uint8Array) {
    requireBytes(bytes, 'bytes');
    this.#layout = layout;
    this.#bytes = bytes;
    this.#reader = new Reader(bytes);
  }

  table(): Decoded<T> {
    const { kind, header: headerLayout } = this.#layout;
    const { diagnostics } = this.#reader;
    const bytes = this.#bytes;
    const { fixedLength } = headerLayout;
    if (bytes.length < fixedLength) {
      const message = `The table ends after ${bytes.length} bytes, inside its header of ${fixedLength}.`;
      this.#add('table-header-truncated', 'error', 0, bytes.length, message);
      return { kind, size: bytes.length, table: null, diagnostics };
    }
    this.#reader.end = fixedLength;
    const header = headerLayout.decode(this.#reader);
    this.#inspectHeader(header);
    const structures = this.#structures(Math.min(header.length, bytes.length));
    const trailing = new Uint8Array(bytes.subarray(this.#reader.pos));
    const table = { kind, header, structures, trailing } as T;
    return { kind, size: bytes.length, table, diagnostics };
  }

  #add(
    code: string,
    severity: Diagnostic['severity'],
    offset: number,
    length: number,
    message: string,
  ): void {
    const { codePrefix } = this.#layout;
    this.#reader.diagnostics.push({
      code: `${codePrefix}${code}`,
      severity,
      offset,
      length,
      message,
    });
  }

  #inspectHeader({ signature, length, checksum }: SdtHeader): void {
    const { kind, signatures, header } = this.#layout;
    const bytes = this.#bytes;
    if (!signatures.includes(signature)) {
      const message = `The signature is ${JSON.stringify(signature)}, not "${kind}".`;
      this.#add('table-signature', 'error', 0, 4, message);
    }
    if (length > bytes.length) {
      const message = `The header claims a length of ${length} bytes, but only ${bytes.length} are there.`;
      this.#add('table-length-beyond-bytes', 'error', 4, 4, message);
      return;
    }
    if (length < header.fixedLength) {
      const message = `The header claims a length of ${length} bytes, less than the header's own ${header.fixedLength}.`;
      this.#add('table-length-short', 'error', 4, 4, message);
    } else if (length < bytes.length) {
      const extra = bytes.length - length;
      const message = `${extra} more bytes follow the ${length} the header claims; they are no part of the table.`;
      this.#add('table-trailing-bytes', 'warning', length, extra, message);
    }
    const sum = byteSum(bytes, length);
    if (sum === 0) return;
    const right = (checksum - sum) & 0xff;
    const message = `The checksum is ${hex(checksum, 2)}, but ${hex(right, 2)} would be right.`;
    this.#add('table-checksum', this.#layout.checksumSeverity, 9, 1, message);
  }

  /** The structures from the reader's position to `end`; leaves the reader after the last. */
  #structures(end: number): T['structures'] {
    const { view } = this.#reader;
    const { noun } = this.#layout;
    const structures: T['structures'] = [];
    // One shorter than its own header does not say where the next begins.
    while (
      this.#reader.pos + STRUCTURE_HEADER <= end &&
      view.getUint16(this.#reader.pos + 2, true) >= STRUCTURE_HEADER
    ) {
      structures.push(this.#structure(end));
    }
    const { pos } = this.#reader;
    if (pos + STRUCTURE_HEADER <= end) {
      this.#complainOfLength(this.#typeAt(pos), view.getUint16(pos + 2, true), end);
    } else if (pos < end) {
      const message = `The last ${end - pos} bytes of the table, at offset ${pos}, are too few for a ${noun}.`;
      this.#add(`${noun}-header-truncated`, 'error', pos, end - pos, message);
    }
    return structures;
  }

  #typeAt(offset: number): number {
    const { view } = this.#reader;
    return this.#layout.typeWidth === 1 ? view.getUint8(offset) : view.getUint16(offset, true);
  }

  /** Decodes the structure at the reader's position, or keeps its bytes where it cannot be what it claims. */
  #structure(end: number): T['structures'][number] {
    const reader = this.#reader;
    const offset = reader.pos;
    const type = this.#typeAt(offset);
    const length = reader.view.getUint16(offset + 2, true);
    reader.start = offset;
    reader.end = Math.min(offset + length, end);
    const layout = kindOfType(this.#layout.kinds, type)?.layout;
    if (offset + length > end) this.#complainOfLength(type, length, end);
    if (layout !== undefined && reader.end - offset >= layout.fixedLength) {
      return layout.decode(reader);
    }
    if (layout === undefined) this.#noteUnknownType(type, length);
    else if (length < layout.fixedLength) this.#complainOfLength(type, length, end);
    return this.#layout.unknown.decode(reader);
  }

  #noteUnknownType(type: number, length: number): void {
    const { noun, typeWidth } = this.#layout;
    const { pos } = this.#reader;
    const message = `The ${noun} at offset ${pos} has type ${this.#typeText(type)}, which the specification reserves; its ${length} bytes are skipped.`;
    this.#add(`${noun}-unknown-type`, 'info', pos, typeWidth, message);
  }

  #complainOfLength(type: number, length: number, end: number): void {
    const { noun, kinds } = this.#layout;
    const { pos } = this.#reader;
    const kind = kindOfType(kinds, type);
    const what = `The ${kind?.name ?? `${noun} of type ${this.#typeText(type)}`} at offset ${pos}`;
    const least = kind?.layout.fixedLength ?? STRUCTURE_HEADER;
    const claim = `${what} claims a length of ${length} bytes`;
    const [code, message] =
      length === 0
        ? ['length-zero', `${claim}, so nothing after it can be found.`]
        : length < least
          ? ['length-short', `${claim}; it needs ${least}.`]
          : ['length-overrun', `${claim}, but the table ends after ${end - pos}.`];
    this.#add(`${noun}-${code}`, 'error', pos + 2, 2, message);
  }

  /** A type as its specification writes it: AMD's in hex. */
  #typeText(type: number): string {
    return this.#layout.typeWidth === 1 ? hex(type, 2) : String(type);
  }
}
