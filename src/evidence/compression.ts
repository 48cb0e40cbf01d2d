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
