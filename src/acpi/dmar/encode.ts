import { encodeValue, type NestedLayout } from '../encode.js';
import type { DmarTable } from './decode.js';
import { deviceScope } from './device-scope.js';
import { dmarHeader } from './header.js';
import { kindOf, type Structure } from './structures.js';

/** Bytes of one structure with its device scopes, its length field as it stands. */
export const encodeStructure = (structure: Structure): number[] =>
  encodeValue(kindOf(structure).layout, structure, deviceScope as unknown as NestedLayout);

/**
 * The inverse of decoding: the bytes a table was decoded from, or is to be made of. Lengths and
 * checksum are written as they stand, so broken tables come out as broken as they are.
 */
export function encodeDmar(table: DmarTable): Uint8Array {
  const parts = [
    Uint8Array.from(encodeValue(dmarHeader, table.header)),
    ...table.structures.map((structure) => Uint8Array.from(encodeStructure(structure))),
    table.trailing,
  ];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
