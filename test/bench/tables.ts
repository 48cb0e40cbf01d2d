import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dmarHeader } from '../../src/acpi/dmar/header.js';
import { rmrr } from '../../src/acpi/dmar/rmrr.js';
import { byteSum } from '../../src/acpi/sdt.js';

const CHECKSUM = dmarHeader.at.checksum;
/** An RMRR with one device: fixed part, and an entry of one hop. */
const RMRR_LENGTH = rmrr.fixedLength + 8;
const DRHD_LENGTH = 16;
/** A host whose files are kept as they were captured. */
const HOST = 'fixtures/rack-server-host';

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

/** Characters that acpidump takes for 16 bytes, ASCII included. */
const DUMP_LINE = 75;

/** A table of RMRRs as acpidump writes it: a text of about so many bytes. */
export function acpidumpOf(size: number): string {
  const table = tableOfRmrrs(Math.floor(size / DUMP_LINE) * 16);
  const lines = ['DMAR @ 0x0000000000000000'];
  for (let at = 0; at < table.length; at += 16) {
    const bytes = Buffer.from(table.subarray(at, at + 16));
    const hex = bytes
      .toString('hex')
      .toUpperCase()
      .replace(/..(?=.)/g, '$& ');
    const ascii = bytes.toString('latin1').replace(/[^ -~]/g, '.');
    lines.push(`    ${at.toString(16).toUpperCase().padStart(4, '0')}: ${hex.padEnd(48)} ${ascii}`);
  }
  return `${lines.join('\n')}\n\n`;
}

/** A log of about so many bytes, each line made of its number. */
function logOf(size: number, lineOf: (i: number) => string): string {
  let log = '[    0.000000] Linux version 6.8.0\n[    0.000001] DMAR: Host address width 46\n';
  for (let i = 0; log.length < size; i++)
    log += `[    1.${`${i}`.padStart(6, '0')}] ${lineOf(i)}\n`;
  return log;
}

const hexOf = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
const sbdfOf = (i: number) =>
  `0000:${hexOf((i >> 8) & 0xff, 2)}:${hexOf((i >> 3) & 31, 2)}.${i & 7}`;

/** A kernel's log of thousands of regions: of about so many bytes. */
export const logOfRmrrs = (size: number): string =>
  logOf(size, (i) => {
    const base = 0x800_0000 + i * 0x2000;
    return `DMAR: RMRR base: 0x${hexOf(base, 14)} end: 0x${hexOf(base + 0xfff, 14)}`;
  });

/** A kernel's log of devices that are refused, and of what they tried to reach: of about so many bytes. */
export const logOfRefusals = (size: number): string =>
  logOf(size, (i) =>
    i % 2 === 0
      ? `vfio-pci ${sbdfOf(i)}: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.`
      : `DMAR: [DMA Read NO_PASID] Request device [${sbdfOf(i).slice(5)}] fault addr 0x${hexOf(i * 4096, 8)} [fault reason 0x06] PTE Read access is not set`,
  );

/**
 * Writes so many tables below a folder, a thousand to a directory: the tables given by turns, as they are, or no two of
 * them alike, with bases and limits of regions, addresses of units and the OEM revision moved.
 */
export function writeFleet(
  folder: string,
  tables: readonly Uint8Array[],
  count: number,
  how: 'as-they-are' | 'moved',
): void {
  for (let i = 0; i < count; i++) {
    const table = Uint8Array.from(tables[i % tables.length] as Uint8Array);
    if (how === 'moved') move(table, Math.floor(i / tables.length) + 1);
    const directory = join(folder, String(Math.floor(i / 1000)).padStart(2, '0'));
    if (i % 1000 === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${String(i).padStart(5, '0')}.dat`), table);
  }
}

/** Moves the regions and units of a table by pages, the same for all, so that what is sound stays so. */
function move(table: Uint8Array, pages: number): void {
  const view = new DataView(table.buffer);
  view.setUint32(dmarHeader.at.oemRevision, pages, true);
  const shift = (at: number) =>
    view.setBigUint64(at, view.getBigUint64(at, true) + BigInt(pages) * 4096n, true);
  for (let at = dmarHeader.fixedLength; at + DRHD_LENGTH <= table.length; ) {
    const [type, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (length < 4 || at + length > table.length) break;
    if (type === 0) shift(at + 8);
    else if (type === 1 && length >= RMRR_LENGTH - 8) {
      shift(at + rmrr.at.baseAddress);
      shift(at + rmrr.at.limitAddress);
    }
    at += length;
  }
  seal(table);
}

/** Writes so many copies of a captured host below a folder. */
export function writeHosts(folder: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const copy = join(folder, String(i).padStart(3, '0'));
    cpSync(HOST, copy, { recursive: true, verbatimSymlinks: true });
  }
}

/** The real tables of the corpus where it is there, else the fixtures: what people have, 80 to 400 bytes each. */
export function realTables(corpus: string, fixtures: string): Uint8Array[] {
  const folder = existsSync(corpus) ? corpus : fixtures;
  return readdirSync(folder)
    .filter((name) => name.endsWith('.dat'))
    .map((name) => new Uint8Array(readFileSync(join(folder, name))))
    .filter(({ length }) => length >= dmarHeader.fixedLength && length <= 400);
}
