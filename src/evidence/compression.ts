import { Failure } from '../base/failure.js';
import { tooLarge } from './limit.js';

/** First bytes of compressed files (RFC 1952, RFC 8878, the .xz file format). */
const MAGICS = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
} as const;

/** Names of the compressions that can be taken off. */
export type Compression = keyof typeof MAGICS;

const NAMES = Object.keys(MAGICS) as Compression[];

/** How bytes are compressed, told by the first of them; null where they are not. */
export const compressionOf = (bytes: Uint8Array): Compression | null =>
  NAMES.find((name) => MAGICS[name].every((byte, i) => bytes[i] === byte)) ?? null;

/**
 * Takes off one kind of compression.
 *
 * @param limit most bytes to make
 * @throws OverLimit where there are more; any other Error on damaged bytes, its message saying why
 */
export type Inflate = (bytes: Uint8Array, limit: number) => Promise<Uint8Array>;

/** Who takes off which compression; handed in by whoever runs this, for each place has its own means. */
export type Inflaters = Readonly<Record<Compression, Inflate>>;

/** Thrown by an {@link Inflate} that made more bytes than it may. */
export class OverLimit extends Error {}

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
  inflaters: Inflaters,
  name: string,
  limit: number,
): Promise<Uint8Array> {
  try {
    return await inflaters[compression](bytes, limit);
  } catch (error) {
    if (error instanceof OverLimit) throw tooLarge(`${name}, decompressed,`, limit);
    throw new Failure(
      'damaged',
      `${name} is compressed with ${compression} and cannot be decompressed: ${(error as Error).message}.`,
    );
  }
}
