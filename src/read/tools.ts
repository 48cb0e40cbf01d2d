import { createHash } from 'node:crypto';
import type { gunzipSync } from 'node:zlib';
import { formatSize } from '../base/address.js';
import { compressionOf, explainXz, type Inflated, wholly } from '../evidence/compression.js';
import { OverLimit } from '../evidence/limit.js';
import type { Tools } from '../evidence/source.js';

/** Turns Node's error for too many bytes into the one that evidence knows. */
function bounded(work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new OverLimit();
    throw error;
  }
}

async function gunzip(bytes: Uint8Array, limit: number): Promise<Inflated> {
  const { gunzipSync } = await import('node:zlib');
  const unpack = (packed: Uint8Array) =>
    bounded(() => gunzipSync(packed, { maxOutputLength: limit }));
  try {
    return wholly(unpack(bytes));
  } catch (error) {
    // With zeros behind them Node takes the data as they are, with anything else it does not.
    const end = error instanceof OverLimit ? null : await endOfGzip(bytes, limit);
    if (end === null || end === bytes.length) throw error;
    return { bytes: unpack(bytes.subarray(0, end)), trailing: bytes.length - end };
  }
}

/** Bits of a gzip member's flags, and bytes of its fixed header and of its trailer (RFC 1952, 2.3). */
const GZIP = { crc: 2, extra: 4, name: 8, comment: 16, header: 10, trailer: 8 } as const;

/**
 * Where the last whole member of gzip's ends, before something that is none.
 *
 * @returns null where a member is damaged or cut off
 */
async function endOfGzip(bytes: Uint8Array, limit: number): Promise<number | null> {
  const { inflateRawSync } = await import('node:zlib');
  let at = 0;
  while (compressionOf(bytes.subarray(at)) === 'gzip') {
    const flags = bytes[at + 3] ?? 0;
    let data = at + GZIP.header;
    if (flags & GZIP.extra) data += 2 + (bytes[data] ?? 0) + 256 * (bytes[data + 1] ?? 0);
    for (const text of [GZIP.name, GZIP.comment]) {
      if (flags & text) data = bytes.indexOf(0, data) + 1;
    }
    if (flags & GZIP.crc) data += 2;
    try {
      const options = { maxOutputLength: limit, info: true };
      // What it took, which its types do not tell of.
      const { engine } = inflateRawSync(bytes.subarray(data), options) as unknown as {
        engine: { bytesWritten: number };
      };
      at = data + engine.bytesWritten + GZIP.trailer;
    } catch {
      return null;
    }
  }
  return at <= bytes.length ? at : null;
}

async function unzstd(bytes: Uint8Array, limit: number): Promise<Inflated> {
  // Node has zstd from 22.15 on, its types for Node 20 do not.
  const { zstdDecompressSync: native } = (await import('node:zlib')) as {
    zstdDecompressSync?: typeof gunzipSync;
  };
  if (native) return wholly(bounded(() => native(bytes, { maxOutputLength: limit })));
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const plain = decoder.decode(bytes, limit);
  // The library does not tell an error from nothing, nor one error from another.
  if (plain.length > 0) return wholly(plain);
  throw new Error(`it is empty or damaged, or makes more than ${formatSize(BigInt(limit))}`);
}

async function unxz(bytes: Uint8Array, limit: number): Promise<Inflated> {
  const { default: xz } = await import('xz-decompress');
  const input = new Blob([bytes]).stream();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of new xz.XzReadableStream(input)) {
      length += chunk.length;
      if (length > limit) throw new OverLimit();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof OverLimit ? error : explainXz(error);
  }
  return wholly(Buffer.concat(chunks));
}

/** SHA-256 of bytes, in hex. */
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What Node brings to the reading of evidence. */
export const NODE_TOOLS: Tools = { inflaters: { gzip: gunzip, zstd: unzstd, xz: unxz }, sha256 };
