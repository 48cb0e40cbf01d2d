import { createRequire } from 'node:module';
import type { gunzipSync } from 'node:zlib';
import { formatSize } from '../base/address.js';
import { explainXz, type Inflated, wholly } from '../evidence/compression.js';
import { type GzipTools, gunzipWith } from '../evidence/gzip.js';
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
  const { gunzipSync, inflateRawSync } = await import('node:zlib');
  const tools: GzipTools = {
    // With zeros behind them Node takes the data as they are, with anything else it does not.
    unpack: (packed) => bounded(() => gunzipSync(packed, { maxOutputLength: limit })),
    rawLength: (data) => {
      // What it took, which its types do not tell of.
      const { engine } = inflateRawSync(data, {
        maxOutputLength: limit,
        info: true,
      }) as unknown as { engine: { bytesWritten: number } };
      return engine.bytesWritten;
    },
  };
  return gunzipWith(tools, bytes, limit);
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

/** Node's digests, once they are asked for: they take longer to load than most answers to make, and few of those show one. */
let crypto: typeof import('node:crypto') | null = null;

/** SHA-256 of bytes, in hex. */
function sha256(bytes: Uint8Array): string {
  crypto ??= require('node:crypto') as typeof import('node:crypto');
  // Node has the short way from 20.12 on.
  return crypto.hash === undefined
    ? crypto.createHash('sha256').update(bytes).digest('hex')
    : crypto.hash('sha256', bytes);
}

const require = createRequire(import.meta.url);

/** What Node brings to the reading of evidence. */
export const NODE_TOOLS: Tools = { inflaters: { gzip: gunzip, zstd: unzstd, xz: unxz }, sha256 };
