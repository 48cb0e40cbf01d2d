import { identifySdt, SDT_HEADER_LENGTH } from '../acpi/sdt.js';
import { Failure } from '../base/failure.js';
import { bytesToHex } from '../base/hex.js';
import { archiveTree, isTar, treeOfFiles } from './archive.js';
import { type Compression, compressionOf, decompress, type Inflaters } from './compression.js';
import type { Content } from './formats/format.js';
import { isIommuTable, TABLE_NAMES, tablesOf } from './pick.js';
import { decodeText, isUtf16, mend } from './text.js';
import { isZip, unzip } from './zip.js';

/** Bytes that tell text from binary. */
const HEAD = 4096;

/** Whether a byte is a control character that no text is made of: tabs, ends of lines and colours are. */
const isControl = (byte: number): boolean =>
  byte === 0x7f || (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b);

/** Whether bytes are a table of IOMMUs: a text that begins with its signature has no NUL where the header has some. */
const isBinary = (bytes: Uint8Array): boolean =>
  isIommuTable(bytes) && bytes.subarray(0, SDT_HEADER_LENGTH + 12).includes(0);

/**
 * Whether bytes can be text. A few control characters do not matter, since a log may hold some; random
 * bytes hold more.
 */
function isText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, HEAD);
  return isUtf16(bytes) || head.filter(isControl).length <= head.length / 20;
}

/** What bytes can be, told by the first of them. */
type Kind = Compression | 'zip' | 'archive' | 'text' | 'tables';

/**
 * Tells from its first bytes what a source is.
 *
 * @throws Failure `empty` or `not-a-table` where they can be nothing that holds a table, so that the rest
 * need not be read
 */
export function kindOf(head: Uint8Array, name: string): Kind {
  if (head.length === 0) throw new Failure('empty', `${name} is empty.`);
  // The first file of an archive may be called as a table is; nothing else here begins like one.
  if (isBinary(head)) return isTar(head) ? 'archive' : 'tables';
  const compression = compressionOf(head);
  if (compression !== null) return compression;
  if (isZip(head)) return 'zip';
  if (isTar(head)) return 'archive';
  if (isText(head)) return 'text';
  if (isIommuTable(head) || identifySdt(head) !== null) return 'tables';
  throw new Failure(
    'not-a-table',
    `${name} is nothing that holds a ${TABLE_NAMES} table; it begins with the bytes ${bytesToHex(head.subarray(0, 4), ' ')}.`,
    FORMS,
  );
}

const FORMS =
  'A DMAR table begins with the letters DMAR (RMAD or XMAR on a Xen dom0), an IVRS table with IVRS. Either can be given as acpidump text, as a hex dump, as iasl -d lists it, or as what Linux or Xen logged of it, and compressed with gzip, xz, zstd or bzip2, or in a zip file.';

/**
 * Tells from the bytes what a source is, and reads it.
 *
 * @param name what messages call it
 * @param limit most bytes that decompressing may make, and that all tables of a text may stand for
 * @throws Failure where it is nothing that holds a table, is damaged, or too large
 */
export async function readContent(
  bytes: Uint8Array,
  name: string,
  limit: number,
  inflaters: Inflaters,
): Promise<Content> {
  const kind = kindOf(bytes, name);
  switch (kind) {
    case 'zip':
      return readZip(bytes, name, limit, inflaters);
    case 'archive':
      return { kind: 'archive', tree: await archiveTree(bytes, name) };
    case 'tables':
      return readTables(bytes);
    case 'text':
      return readText(bytes, name, limit);
  }
  const { bytes: plain, trailing } = await decompress(bytes, kind, inflaters, name, limit);
  if (compressionOf(plain) !== null || isZip(plain)) throw compressedTwice(name);
  const content = await readContent(plain, name, limit, inflaters);
  const note = `${name} goes on for ${trailing} more ${trailing === 1 ? 'byte' : 'bytes'} where its ${kind} data end, which were passed over.`;
  const notes = trailing === 0 ? [] : [note];
  switch (content.kind) {
    case 'archive':
      return content;
    case 'table': {
      const tables = content.tables.map((table) => ({
        ...table,
        notes: [...notes, ...table.notes],
      }));
      return { ...content, verbatim: false, tables };
    }
    default:
      return { ...content, log: { ...content.log, notes: [...notes, ...content.log.notes] } };
  }
}

const compressedTwice = (name: string): Failure =>
  new Failure('not-a-table', `${name} is compressed twice; only one layer is taken off.`);

/** The one file in a zip file, which may be compressed itself, or the tree that several are. */
async function readZip(
  bytes: Uint8Array,
  name: string,
  limit: number,
  inflaters: Inflaters,
): Promise<Content> {
  const files = await unzip(bytes, name, limit, inflaters);
  const [only, ...others] = files.values();
  if (only === undefined) throw new Failure('empty', `The zip file ${name} holds no file.`);
  if (others.length > 0 || !(only instanceof Uint8Array)) {
    return { kind: 'archive', tree: treeOfFiles(files, name) };
  }
  if (isZip(only)) throw compressedTwice(name);
  const content = await readContent(only, name, limit, inflaters);
  return content.kind === 'table' ? { ...content, verbatim: false } : content;
}

/** A table with whatever follows it, or tables back to back. */
function readTables(bytes: Uint8Array): Content {
  const tables = tablesOf(bytes);
  return { kind: 'table', form: 'binary', verbatim: tables.length === 1, tables, log: null };
}

/**
 * The tables that the first format that knows a table of IOMMUs reads from a text, and what else the text tells; or that
 * alone.
 *
 * @throws Failure `not-a-table` where there is neither; `too-large`
 */
async function readText(bytes: Uint8Array, name: string, limit: number): Promise<Content> {
  const { TEXT_FORMATS } = await import('./formats/index.js');
  const { readLog } = await import('./logs/read.js');
  const text = mend(decodeText(bytes));
  const log = readLog(text);
  let others: Content | null = null;
  for (const format of TEXT_FORMATS) {
    const tables = format.read(text, limit);
    const { form } = format;
    const content: Content = { kind: 'table', form, verbatim: false, tables, log };
    if (tables.some((table) => isIommuTable(table.bytes))) return content;
    if (tables.length > 0) others ??= content;
  }
  if (log !== null) return { kind: log.kind, log };
  if (others !== null) return others;
  throw new Failure(
    'not-a-table',
    `${name} is text, but holds no ${TABLE_NAMES} table and nothing that a kernel says of one.`,
    FORMS,
  );
}
