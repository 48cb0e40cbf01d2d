import { sha256 } from '@noble/hashes/sha2.js';
import { joinBytes } from '../base/bytes.js';
import { bytesToHex } from '../base/hex.js';
import { explainXz, type Inflated, wholly } from '../evidence/compression.js';
import { type GzipTools, gunzipWith } from '../evidence/gzip.js';
import { OverLimit } from '../evidence/limit.js';
import type { Tools } from '../evidence/source.js';

/** Bytes of a stream, up to a limit. */
async function collect(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new OverLimit();
    }
    chunks.push(value);
  }
  return joinBytes(chunks);
}

/** Bytes that are handed over at once while the end of the data is looked for: ever fewer. */
const PIECES = [2 ** 16, 2 ** 8, 1] as const;

const gzip: GzipTools = {
  unpack: (bytes, limit) => {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    return collect(stream.pipeThrough(new DecompressionStream('gzip')), limit);
  },
  // The browser's own inflater refuses the piece in which the data end (Compression Streams, "decompress and enqueue a
  // chunk"), which saves this page one of its own.
  async rawLength(bytes, limit) {
    let taken = 0;
    for (const piece of PIECES) taken = await bytesTaken(bytes, taken, piece, limit);
    return taken;
  },
};

/**
 * How many bytes of DEFLATE data the browser takes before it refuses a piece, for their end or for damage.
 *
 * @param from bytes that are known to be taken
 */
async function bytesTaken(
  bytes: Uint8Array,
  from: number,
  piece: number,
  limit: number,
): Promise<number> {
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const reading = collect(readable, limit).catch(() => {});
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  let at = from;
  try {
    await writer.write(bytes.slice(0, from));
    for (; at < bytes.length; at += piece) await writer.write(bytes.slice(at, at + piece));
    return bytes.length;
  } catch {
    return at;
  } finally {
    await writer.abort().catch(() => {});
    await reading;
  }
}

async function unxz(bytes: Uint8Array, limit: number): Promise<Inflated> {
  const { default: xz } = await import('xz-decompress');
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  try {
    return wholly(await collect(new xz.XzReadableStream(stream), limit));
  } catch (error) {
    throw error instanceof OverLimit ? error : explainXz(error);
  }
}

async function unzstd(bytes: Uint8Array, limit: number): Promise<Inflated> {
  const { Decompress } = await import('fzstd');
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((chunk) => {
    length += chunk.length;
    if (length > limit) throw new OverLimit();
    chunks.push(chunk);
  });
  stream.push(bytes, true);
  return wholly(await collect(new Blob(chunks as Uint8Array<ArrayBuffer>[]).stream(), limit));
}

/** What a browser brings to the reading of evidence. Its own digest answers later, and not on every page. */
export const BROWSER_TOOLS: Tools = {
  inflaters: { gzip: (bytes, limit) => gunzipWith(gzip, bytes, limit), zstd: unzstd, xz: unxz },
  sha256: (bytes) => bytesToHex(sha256(bytes)),
};
