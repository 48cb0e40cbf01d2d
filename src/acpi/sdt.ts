import { textAt } from '../base/characters.js';

/** Bytes of the header every ACPI system description table begins with (ACPI specification, "System Description Table Header"). */
export const SDT_HEADER_LENGTH = 36;

/** Where a table's header has the table's length, in bytes from its start. */
export const SDT_LENGTH = 4;

/** The four characters that a table begins with; fewer where there are not as many bytes. */
export const signatureOf = (bytes: Uint8Array): string => textAt(bytes, 0, 4);

/**
 * Sum of bytes modulo 256. A table whose checksum is right sums to 0 over its `Length` bytes.
 *
 * @param bytes the table
 * @param length how many of its bytes to add up; bytes beyond the end count as nothing
 */
export function byteSum(bytes: Uint8Array, length = bytes.length): number {
  const end = Math.min(length, bytes.length);
  let sum = 0;
  for (let at = 0; at < end; at++) sum += bytes[at] as number;
  return sum & 0xff;
}

/**
 * Splits tables that stand back to back, as `cat /sys/firmware/acpi/tables/*` gives them, by the lengths in
 * their headers.
 *
 * @returns the tables, the last one cut off where the bytes are; none where the bytes begin with none
 */
export function splitSdts(bytes: Uint8Array): Uint8Array[] {
  const tables: Uint8Array[] = [];
  let rest = bytes;
  for (let sdt = identifySdt(rest); sdt !== null; sdt = identifySdt(rest)) {
    tables.push(rest.subarray(0, sdt.length));
    rest = rest.subarray(sdt.length);
  }
  return tables;
}

/** A table's place among concatenated ones, as its header tells it. */
export interface SdtIdentity {
  /** Four characters; anything else means these bytes are no ACPI table. */
  signature: string;
  /** Length in bytes that the header claims. */
  length: number;
}

/**
 * Recognises an ACPI table by its header: four printable capitals, digits or underscores and a length that
 * has room for the header. Says nothing about the checksum.
 *
 * @returns null where the bytes cannot be an ACPI table
 */
export function identifySdt(bytes: Uint8Array): SdtIdentity | null {
  if (bytes.length < SDT_HEADER_LENGTH) return null;
  const signature = signatureOf(bytes);
  if (!/^[A-Z0-9_]{4}$/.test(signature)) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  return length >= SDT_HEADER_LENGTH ? { signature, length } : null;
}
