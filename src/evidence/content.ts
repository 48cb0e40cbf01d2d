import { dmarHeader } from '../acpi/dmar/header.js';
import { identifySdt } from '../acpi/sdt.js';
import { Failure } from '../base/failure.js';
import { readPath, sourceName } from '../read/bounded-read.js';
import { isTar } from './archive.js';
import { compressionOf } from './compression.js';
import type { Content } from './formats/format.js';
import { isDmar, tablesOf } from './pick.js';

/** Bytes that tell text from binary. */
const HEAD = 4096;

/** The byte order mark of UTF-16 text, as Windows programs write it. */
const isUtf16 = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xfe;

/** Whether a byte is a control character that no text is made of: tabs, ends of lines and colours are. */
const isControl = (byte: number): boolean =>
  byte === 0x7f || (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b);

/** Whether bytes are a DMAR table: a text that begins with its signature has no NUL where the header has some. */
const isBinaryDmar = (bytes: Uint8Array): boolean =>
  isDmar(bytes) && bytes.subarray(0, dmarHeader.fixedLength).includes(0);

/**
 * Whether bytes can be text. A few control characters do not matter, since a log may hold some; random
 * bytes hold more.
 */
function isText(bytes: Uint8Array): boolean {
  if (isBinaryDmar(bytes)) return false;
  const head = bytes.subarray(0, HEAD);
  return isUtf16(bytes) || head.filter(isControl).length <= head.length / 20;
}

/**
 * Judges the first bytes of a source.
 *
 * @throws Failure `empty` or `not-a-table` where they can be nothing that holds a table, so that the rest
 * need not be read
 */
function requireContent(head: Uint8Array, name: string): void {
  if (head.length === 0) throw new Failure('empty', `${name} is empty.`);
  const known =
    isDmar(head) ||
    compressionOf(head) !== null ||
    isTar(head) ||
    isText(head) ||
    identifySdt(head) !== null;
  if (!known) throw unknownContent(head, name);
}

/**
 * The bytes of what a path names, given up as soon as the first of them can be nothing that holds a table.
 *
 * @param limit most bytes
 * @returns null where the path names a directory
 * @throws Failure as {@link readPath} and {@link requireContent}
 */
export const readCandidate = (path: string, limit: number): Promise<Uint8Array | null> =>
  readPath(path, limit, (head) => requireContent(head, sourceName(path)));

function unknownContent(bytes: Uint8Array, name: string): Failure {
  const begin = Buffer.from(bytes.subarray(0, 4))
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
  return new Failure(
    'not-a-table',
    isText(bytes)
      ? `${name} is text, but holds no DMAR table and nothing that a kernel says of one.`
      : `${name} is nothing that holds a DMAR table; it begins with the bytes ${begin}.`,
    'A DMAR table begins with the letters DMAR (RMAD or XMAR on a Xen dom0). It can be given as acpidump text, as a hex dump, as iasl -d lists it, or as what Linux or Xen logged of it, and compressed with gzip, xz or zstd.',
  );
}

/**
 * The bytes without their compression, if they have any.
 *
 * @param limit most bytes that decompressing may make
 * @throws Failure `damaged`, `too-large`, or as {@link requireContent}
 */
export async function uncompressed(
  bytes: Uint8Array,
  name: string,
  limit: number,
): Promise<Uint8Array> {
  requireContent(bytes, name);
  const compression = compressionOf(bytes);
  if (compression === null) return bytes;
  const { decompress } = await import('./decompress.js');
  const plain = await decompress(bytes, compression, name, limit);
  if (compressionOf(plain) !== null) {
    throw new Failure('not-a-table', `${name} is compressed twice; only one layer is taken off.`);
  }
  requireContent(plain, name);
  return plain;
}

/**
 * Tells from the bytes what a source is, and reads it.
 *
 * @param name what messages call it
 * @param limit most bytes that decompressing may make, and that all tables of a text may stand for
 * @throws Failure where it is nothing that holds a table
 */
export async function readContent(
  bytes: Uint8Array,
  name: string,
  limit: number,
): Promise<Content> {
  const plain = await uncompressed(bytes, name, limit);
  const content = isText(plain) ? await readText(plain, limit) : readBinary(plain);
  if (content === null) throw unknownContent(plain, name);
  return content;
}

/** A table with whatever follows it, or tables back to back. */
function readBinary(bytes: Uint8Array): Content | null {
  const tables = tablesOf(bytes);
  if (tables.length === 0) return null;
  return {
    kind: 'table',
    form: 'binary',
    tables: tables.map((table) => ({ bytes: table, notes: [] })),
  };
}

/** What the first format that knows a DMAR table, or what a log says of one, reads from a text; null where none finds any table. */
async function readText(bytes: Uint8Array, limit: number): Promise<Content | null> {
  const { TEXT_FORMATS } = await import('./formats/index.js');
  const text = new TextDecoder(isUtf16(bytes) ? 'utf-16le' : 'latin1').decode(bytes);
  let others: Content | null = null;
  for (const format of TEXT_FORMATS) {
    if (!format.detect(text)) continue;
    const content = format.read(text, limit);
    if (content.kind !== 'table') {
      if (content.regions.length + content.units.length > 0) return content;
      continue;
    }
    if (content.tables.some((table) => isDmar(table.bytes))) return content;
    if (content.tables.length > 0) others ??= content;
  }
  return others;
}
