import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '../base/hex.js';
import { explainXz, type Inflated, wholly } from '../evidence/compression.js';
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
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function gunzip(bytes: Uint8Array, limit: number): Promise<Inflated> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  return wholly(await collect(stream.pipeThrough(new DecompressionStream('gzip')), limit));
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
  inflaters: { gzip: gunzip, zstd: unzstd, xz: unxz },
  sha256: (bytes) => bytesToHex(sha256(bytes)),
};
