import { hex } from '../../base/hex.js';
import type { Diagnostic } from '../diagnostic.js';
import { byteSum } from '../sdt.js';
import { DMAR_SIGNATURES, type DmarHeader, dmarHeader } from './header.js';
import { DmarReader } from './reader.js';
import { STRUCTURE_HEADER, STRUCTURE_KINDS, type Structure } from './structures.js';
import { unknown } from './unknown.js';

/** A decoded table. Concatenating header, structures and `trailing` gives the bytes it came from. */
export interface DmarTable {
  header: DmarHeader;
  structures: Structure[];
  /** What follows the last structure that could be told apart, inside or beyond the table's length. */
  trailing: Uint8Array;
}

export interface DecodeResult {
  /** null where not even the header's 48 bytes are there. */
  table: DmarTable | null;
  /** In the order of their offsets within each kind; empty for a table without oddities. */
  diagnostics: Diagnostic[];
}

/**
 * Decodes a DMAR table, whatever the bytes say (VT-d specification, "BIOS Considerations").
 *
 * @param bytes the table from its signature on; they may be fewer or more than its length field claims
 * @returns what was understood, and a diagnostic with byte offset and length for everything odd
 */
export function decodeDmar(bytes: Uint8Array): DecodeResult {
  const reader = new DmarReader(bytes);
  const { diagnostics } = reader;
  if (bytes.length < dmarHeader.fixedLength) {
    diagnostics.push({
      code: 'table-header-truncated',
      severity: 'error',
      offset: 0,
      length: bytes.length,
      message: `The table ends after ${bytes.length} bytes, inside its header of ${dmarHeader.fixedLength}.`,
    });
    return { table: null, diagnostics };
  }
  reader.end = dmarHeader.fixedLength;
  const header = dmarHeader.decode(reader);
  inspectHeader(header, bytes, diagnostics);
  const structures = decodeStructures(reader, Math.min(header.length, bytes.length));
  const trailing = new Uint8Array(bytes.subarray(reader.pos));
  return { table: { header, structures, trailing }, diagnostics };
}

function inspectHeader(header: DmarHeader, bytes: Uint8Array, diagnostics: Diagnostic[]): void {
  const add = (
    code: string,
    severity: Diagnostic['severity'],
    offset: number,
    length: number,
    message: string,
  ) => diagnostics.push({ code, severity, offset, length, message });

  if (!DMAR_SIGNATURES.includes(header.signature)) {
    const found = JSON.stringify(header.signature);
    add('table-signature', 'error', 0, 4, `The signature is ${found}, not "DMAR".`);
  }
  if (header.length > bytes.length) {
    add(
      'table-length-beyond-bytes',
      'error',
      4,
      4,
      `The header claims a length of ${header.length} bytes, but only ${bytes.length} are there.`,
    );
    return;
  }
  if (header.length < dmarHeader.fixedLength) {
    add(
      'table-length-short',
      'error',
      4,
      4,
      `The header claims a length of ${header.length} bytes, less than the header's own ${dmarHeader.fixedLength}.`,
    );
  } else if (header.length < bytes.length) {
    const extra = bytes.length - header.length;
    add(
      'table-trailing-bytes',
      'warning',
      header.length,
      extra,
      `${extra} more bytes follow the ${header.length} the header claims; they are no part of the table.`,
    );
  }
  const sum = byteSum(bytes, header.length);
  if (sum !== 0) {
    const right = (header.checksum - sum) & 0xff;
    add(
      'table-checksum',
      'warning',
      9,
      1,
      `The checksum is ${hex(header.checksum, 2)}, but ${hex(right, 2)} would be right.`,
    );
  }
}

/** Walks the structures from the reader's position to `end`, and leaves the reader after the last. */
function decodeStructures(reader: DmarReader, end: number): Structure[] {
  const { view, diagnostics } = reader;
  const structures: Structure[] = [];
  // One shorter than its own header does not say where the next begins.
  while (
    reader.pos + STRUCTURE_HEADER <= end &&
    view.getUint16(reader.pos + 2, true) >= STRUCTURE_HEADER
  ) {
    structures.push(decodeStructure(reader, end));
  }
  const { pos } = reader;
  if (pos + STRUCTURE_HEADER <= end) {
    complainOfLength(reader, view.getUint16(pos, true), view.getUint16(pos + 2, true), end);
  } else if (pos < end) {
    diagnostics.push({
      code: 'structure-header-truncated',
      severity: 'error',
      offset: pos,
      length: end - pos,
      message: `The last ${end - pos} bytes of the table, at offset ${pos}, are too few for a structure.`,
    });
  }
  return structures;
}

/** Decodes the structure at the reader's position, or keeps its bytes where it cannot be what it claims. */
function decodeStructure(reader: DmarReader, end: number): Structure {
  const { view, pos: offset } = reader;
  const type = view.getUint16(offset, true);
  const length = view.getUint16(offset + 2, true);
  reader.start = offset;
  reader.end = Math.min(offset + length, end);
  const layout = STRUCTURE_KINDS[type]?.layout;
  if (offset + length > end) complainOfLength(reader, type, length, end);
  if (layout !== undefined && reader.end - offset >= layout.fixedLength) {
    return layout.decode(reader);
  }
  if (layout === undefined) noteUnknownType(reader, type, length);
  else if (length < layout.fixedLength) complainOfLength(reader, type, length, end);
  return unknown.decode(reader);
}

function noteUnknownType(reader: DmarReader, type: number, length: number): void {
  reader.diagnostics.push({
    code: 'structure-unknown-type',
    severity: 'info',
    offset: reader.pos,
    length: 2,
    message: `The structure at offset ${reader.pos} has type ${type}, which the specification reserves; its ${length} bytes are skipped.`,
  });
}

function complainOfLength(reader: DmarReader, type: number, length: number, end: number): void {
  const { pos } = reader;
  const kind = STRUCTURE_KINDS[type];
  const what = `The ${kind?.name ?? `structure of type ${type}`} at offset ${pos}`;
  const least = kind?.layout.fixedLength ?? STRUCTURE_HEADER;
  const [code, message] =
    length === 0
      ? [
          'structure-length-zero',
          `${what} claims a length of 0 bytes, so nothing after it can be found.`,
        ]
      : length < least
        ? [
            'structure-length-short',
            `${what} claims a length of ${length} bytes; it needs ${least}.`,
          ]
        : [
            'structure-length-overrun',
            `${what} claims a length of ${length} bytes, but the table ends after ${end - pos}.`,
          ];
  reader.diagnostics.push({ code, severity: 'error', offset: pos + 2, length: 2, message });
}
