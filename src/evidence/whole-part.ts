import { dmarHeader } from '../acpi/dmar/header.js';
import { byteSum } from '../acpi/sdt.js';
import { STRUCTURE_HEADER } from '../acpi/table-layout.js';

/**
 * The structures of a table that are there as a whole, with a length and a checksum that fit them: what can be asked
 * of a table of which the rest was lost on the way.
 *
 * @param bytes at least a header
 */
export function wholePart(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const claimed = view.getUint32(dmarHeader.at.length, true);
  let end: number = dmarHeader.fixedLength;
  while (end + STRUCTURE_HEADER <= bytes.length) {
    const length = view.getUint16(end + 2, true);
    if (length < STRUCTURE_HEADER || end + length > Math.min(bytes.length, claimed)) break;
    end += length;
  }
  // A copy, which slice() of Node's Buffer would not make.
  const part = new Uint8Array(bytes.subarray(0, end));
  new DataView(part.buffer).setUint32(dmarHeader.at.length, end, true);
  const { checksum } = dmarHeader.at;
  part[checksum] = (part[checksum] as number) - byteSum(part);
  return part;
}
