import { hasBytesAt } from '../base/characters.js';
import { Failure } from '../base/failure.js';
import { OverLimit, tooLarge } from './limit.js';
import { endOfZstd } from './zstd.js';

/** First bytes of compressed files (RFC 1952, RFC 8878, the .xz file format, the .bz2 one). */
const MAGICS = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  bzip2: [0x42, 0x5a, 0x68],
} as const;

/** Names of the compressions that can be taken off. */
export type Compression = keyof typeof MAGICS;

const NAMES = Object.keys(MAGICS) as Compression[];

const SKIPPABLE = [0x2a, 0x4d, 0x18];

/** Whether bytes begin with a frame that readers of zstd pass over, as pzstd's files do (RFC 8878, 3.1.2). */
const isSkippable = (bytes: Uint8Array): boolean =>
  (bytes[0] ?? 0) >> 4 === 5 && hasBytesAt(bytes, 1, SKIPPABLE);

/** How bytes are compressed, told by the first of them; null where they are not. */
export const compressionOf = (bytes: Uint8Array): Compression | null =>
  NAMES.find((name) => hasBytesAt(bytes, 0, MAGICS[name])) ?? (isSkippable(bytes) ? 'zstd' : null);

/** What taking off a compression gave. */
export interface Inflated {
  readonly bytes: Uint8Array;
  /** Bytes behind the end of the compressed data that are something else, and were passed over. */
  readonly trailing: number;
}

/**
 * Takes off one kind of compression.
 *
 * @param limit most bytes to make
 * @throws OverLimit where there are more; any other Error on damaged bytes, its message saying why
 */
export type Inflate = (bytes: Uint8Array, limit: number) => Promise<Inflated>;

/** Neither Node nor a browser can take off this one. */
const unbzip2: Inflate = async (bytes, limit) => (await import('./bzip2.js')).bunzip2(bytes, limit);

/** The readers of zstd do not say in so many words what is the matter, and one tells nothing of what follows. */
const unzstdWith =
  (unzstd: Inflate): Inflate =>
  async (bytes, limit) => {
    const end = endOfZstd(bytes, limit);
    const { bytes: plain } = await unzstd(bytes.subarray(0, end), limit);
    return { bytes: plain, trailing: bytes.length - end };
  };

/** All of the bytes that were made, where nothing follows them. */
export const wholly = (bytes: Uint8Array): Inflated => ({ bytes, trailing: 0 });

/**
 * Why xz's reader stopped, by its number (enum xz_ret of XZ Embedded, which `xz-decompress` is made of).
 *
 * @param error what the library threw, which has the number at the end of its message
 */
export function explainXz(error: unknown): Error {
  switch (/\d{1,10}$/.exec((error as Error).message)?.[0]) {
    case '3':
    case '4':
      return new Error(
        'its dictionary is larger than the 64 MiB that there is room for here; unpack it with xz -d first',
      );
    case '6':
      return new Error(
        'it has a filter or a checksum that is not known here; unpack it with xz -d first',
      );
    default:
      return new Error('it is damaged or cut off, or something else follows it');
  }
}

/** Who takes off which other compression; handed in by whoever runs this, for each place has its own means. */
export type Inflaters = Readonly<Record<Exclude<Compression, 'bzip2'>, Inflate>>;

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
): Promise<Inflated> {
  try {
    return await { ...inflaters, zstd: unzstdWith(inflaters.zstd), bzip2: unbzip2 }[compression](
      bytes,
      limit,
    );
  } catch (error) {
    if (error instanceof OverLimit) throw tooLarge(`${name}, decompressed,`, limit);
    throw new Failure(
      'damaged',
      `${name} is compressed with ${compression} and cannot be decompressed: ${(error as Error).message.replace(/\.$/, '')}.`,
    );
  }
}
