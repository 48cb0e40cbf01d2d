import type { gunzipSync } from 'node:zlib';
import { formatSize } from '../base/address.js';
import { Failure } from '../base/failure.js';
import { tooLarge } from '../read/bounded-read.js';
import type { Compression } from './compression.js';

/** Makes at most `limit` bytes; throws once there are more, or on damaged ones. */
type Decompressor = (bytes: Uint8Array, limit: number) => Promise<Uint8Array>;

/** Thrown by a decompressor that made more bytes than it may. */
class OverLimit extends Error {}

async function gunzip(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync(bytes, { maxOutputLength: limit });
}

async function unzstd(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  // Node has zstd from 22.15 on, its types for Node 20 do not.
  const zlib = (await import('node:zlib')) as { zstdDecompressSync?: typeof gunzipSync };
  if (zlib.zstdDecompressSync) return zlib.zstdDecompressSync(bytes, { maxOutputLength: limit });
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const plain = decoder.decode(bytes, limit);
  // The library does not tell an error from nothing, nor one error from another.
  if (plain.length > 0) return plain;
  throw new Error(`it is empty or damaged, or makes more than ${formatSize(BigInt(limit))}`);
}

async function unxz(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
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
    // The library tells an error by a number alone.
    throw error instanceof OverLimit ? error : new Error('it is damaged or cut off');
  }
  return Buffer.concat(chunks);
}

const DECOMPRESSORS: Readonly<Record<Compression, Decompressor>> = {
  gzip: gunzip,
  zstd: unzstd,
  xz: unxz,
};

/**
 * Decompresses bytes.
 *
 * @param name what messages call the source
 * @param limit most bytes to make
 * @throws Failure `too-large` or `damaged`
 */
export async function decompress(
  bytes: Uint8Array,
  compression: Compression,
  name: string,
  limit: number,
): Promise<Uint8Array> {
  try {
    return await DECOMPRESSORS[compression](bytes, limit);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof OverLimit || code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(`${name}, decompressed,`, limit);
    }
    throw new Failure(
      'damaged',
      `${name} is compressed with ${compression} and cannot be decompressed: ${message}.`,
    );
  }
}
