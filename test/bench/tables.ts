import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dmarHeader } from '../../src/acpi/dmar/header.js';
import { rmrr } from '../../src/acpi/dmar/rmrr.js';
import { byteSum } from '../../src/acpi/sdt.js';

const CHECKSUM = dmarHeader.at.checksum;
/** An RMRR with one device: fixed part, and an entry of one hop. */
const RMRR_LENGTH = rmrr.fixedLength + 8;
const DRHD_LENGTH = 16;

/** Makes a table's checksum right. */
function seal(table: Uint8Array): Uint8Array {
  table[CHECKSUM] = 0;
  table[CHECKSUM] = -byteSum(table) & 0xff;
  return table;
}

/**
 * A sound table of about so many bytes, all RMRRs, each of another page and for one of thousands of
 * devices, in an order that is not that of their addresses.
 */
export function tableOfRmrrs(size: number): Uint8Array {
  const count = Math.floor((size - dmarHeader.fixedLength - DRHD_LENGTH) / RMRR_LENGTH);
  const table = new Uint8Array(dmarHeader.fixedLength + DRHD_LENGTH + count * RMRR_LENGTH);
  const view = new DataView(table.buffer);
  table.set(Buffer.from('DMAR'));
  view.setUint32(dmarHeader.at.length, table.length, true);
  table[dmarHeader.at.revision] = 1;
  table.set(Buffer.from('BENCH RMRRS   '), dmarHeader.at.oemId);
  table[dmarHeader.at.hostAddressWidth] = 45;
  const unit = dmarHeader.fixedLength;
  view.setUint16(unit + 2, DRHD_LENGTH, true);
  table[unit + 4] = 1;
  view.setBigUint64(unit + 8, 0xfed9_0000n, true);
  for (let i = 0; i < count; i++) {
    const at = unit + DRHD_LENGTH + i * RMRR_LENGTH;
    // Multiplying by an odd number modulo a power of two reaches each page once.
    const page = 0x10_0000 + ((i * 40_503) & 0xf_ffff) * 2;
    view.setUint16(at, 1, true);
    view.setUint16(at + 2, RMRR_LENGTH, true);
    view.setBigUint64(at + rmrr.at.baseAddress, BigInt(page) * 4096n, true);
    view.setBigUint64(at + rmrr.at.limitAddress, BigInt(page) * 4096n + 4095n, true);
    table.set([1, 8, 0, 0, 0, i & 0x7f, (i >> 7) & 0x1f, (i >> 12) & 7], at + rmrr.fixedLength);
  }
  return seal(table);
}

/**
 * Writes so many tables below a folder, a thousand to a directory: the fixtures by turns.
 *
 * @param distinct whether each gets an OEM revision of its own, so that no two are the same
 */
export function writeFleet(
  folder: string,
  fixtures: string,
  count: number,
  distinct: boolean,
): void {
  const tables = readdirSync(fixtures)
    .filter((name) => name.endsWith('.dat'))
    .map((name) => readFileSync(join(fixtures, name)));
  for (let i = 0; i < count; i++) {
    const table = Uint8Array.from(tables[i % tables.length] as Buffer);
    if (distinct) new DataView(table.buffer).setUint32(dmarHeader.at.oemRevision, i, true);
    const directory = join(folder, String(Math.floor(i / 1000)).padStart(2, '0'));
    if (i % 1000 === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${String(i).padStart(5, '0')}.dat`), table);
  }
}
