import { Failure } from '../base/failure.js';
import type { Inflaters } from './compression.js';
import type { TreeFile } from './files-tree.js';
import { OverLimit, tooLarge } from './limit.js';

/*
 * ZIP files (PKWARE, APPNOTE.TXT): the directory stands at the end and names each file with its place, its length and
 * its CRC-32. A compressed file is bare DEFLATE; with a header before it and those two numbers behind, it is
 * gzip (RFC 1952), whose inflater checks both.
 */

/** Signatures, and bytes of the fixed parts. */
const LOCAL = { signature: 0x04034b50, length: 30 } as const;
const CENTRAL = { signature: 0x02014b50, length: 46 } as const;
const END = { signature: 0x06054b50, length: 22 } as const;
/** Bytes of the longest comment behind the end. */
const MAX_COMMENT = 0xffff;
const METHOD = { stored: 0, deflated: 8 } as const;
const ENCRYPTED = 1;
/** What stands for a number that is elsewhere, as in ZIP64. */
const ELSEWHERE = 0xffff_ffff;
/** Kinds of file in the mode that Unix gave (sys/stat.h); 0 where another system made the archive. */
const MODE = { mask: 0o170000, regular: 0o100000, link: 0o120000 } as const;

const GZIP_HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff] as const;

/** Whether bytes are a ZIP file. */
export function isZip(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const signature = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return signature === LOCAL.signature || signature === END.signature;
}

/**
 * The files of a ZIP file, by their paths as they stand there; directories are left out.
 *
 * @param name what messages call it
 * @param limit most bytes of all files together
 * @throws Failure `damaged` or `too-large`
 */
export async function unzip(
  bytes: Uint8Array,
  name: string,
  limit: number,
  { gzip }: Pick<Inflaters, 'gzip'>,
): Promise<Map<string, TreeFile>> {
  const files = new Map<string, TreeFile>();
  let left = limit;
  // Files that lie over one another would be read again and again.
  let unread = bytes.length;
  try {
    for (const entry of entriesOf(bytes)) {
      const { path, mode, size, packed } = entry;
      unread -= LOCAL.length + packed;
      if (unread < 0) throw new Error('files in it lie over one another');
      if (path.endsWith('/')) continue;
      if (size > left) throw new OverLimit();
      left -= size;
      const plain = await contentOf(bytes, entry, gzip);
      if (mode === MODE.link) files.set(path, { link: new TextDecoder().decode(plain) });
      else if (mode === MODE.regular || mode === 0) files.set(path, plain);
    }
  } catch (error) {
    if (error instanceof OverLimit) throw tooLarge(`${name}, unpacked,`, limit);
    throw new Failure(
      'damaged',
      `The zip file ${name} cannot be read: ${(error as Error).message}.`,
    );
  }
  return files;
}

interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Where its own header is. */
  readonly at: number;
}

function* entriesOf(bytes: Uint8Array): Generator<Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL.length > end || view.getUint32(at, true) !== CENTRAL.signature) {
      throw new Error(`its directory is damaged at byte ${at}`);
    }
    const word = (offset: number) => view.getUint16(at + offset, true);
    const long = (offset: number) => view.getUint32(at + offset, true);
    const nameAt = at + CENTRAL.length;
    const path = new TextDecoder().decode(bytes.subarray(nameAt, nameAt + word(28)));
    const entry = {
      path,
      mode: (long(38) >>> 16) & MODE.mask,
      method: word(10),
      flags: word(8),
      crc: long(16),
      packed: long(20),
      size: long(24),
      at: long(42),
    };
    if ([entry.packed, entry.size, entry.at].includes(ELSEWHERE)) {
      throw new Error(`${path} in it is written as ZIP64, for files of 4 GiB`);
    }
    yield entry;
    at = nameAt + word(28) + word(30) + word(32);
  }
}

/** Where the end's record is, the last thing in the file but for a comment. */
function endOf(view: DataView): number {
  const last = view.byteLength - END.length;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) === END.signature) return at;
  }
  throw new Error('its directory is missing, as where it was cut off');
}

/** The bytes of a file; those of one that is not compressed are not checked. */
async function contentOf(
  bytes: Uint8Array,
  { path, method, flags, crc, packed, size, at }: Entry,
  gzip: Inflaters['gzip'],
): Promise<Uint8Array> {
  if ((flags & ENCRYPTED) !== 0) throw new Error(`${path} in it is encrypted`);
  if (method !== METHOD.stored && method !== METHOD.deflated) {
    throw new Error(`${path} in it is compressed by method ${method}, and only 0 and 8 are read`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + LOCAL.length > bytes.length || view.getUint32(at, true) !== LOCAL.signature) {
    throw new Error(`${path} in it is not at byte ${at}, where its directory says`);
  }
  const start = at + LOCAL.length + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (start + packed > bytes.length) throw new Error(`${path} in it is cut off`);
  const raw = bytes.subarray(start, start + packed);
  if (method === METHOD.stored) return raw;
  const wrapped = new Uint8Array(GZIP_HEADER.length + packed + 8);
  wrapped.set(GZIP_HEADER);
  wrapped.set(raw, GZIP_HEADER.length);
  const trailer = new DataView(wrapped.buffer, GZIP_HEADER.length + packed);
  trailer.setUint32(0, crc, true);
  trailer.setUint32(4, size, true);
  try {
    // A limit of no bytes is none that Node takes.
    return (await gzip(wrapped, Math.max(size, 1))).bytes;
  } catch (error) {
    throw new Error(
      error instanceof OverLimit
        ? `${path} in it is longer than its directory says`
        : `${path} in it is damaged: ${(error as Error).message}`,
    );
  }
}
