/** First bytes, in hex, of compressed files (RFC 1952, RFC 8878, the .xz file format). */
const MAGICS = { gzip: '1f8b', zstd: '28b52ffd', xz: 'fd377a585a00' } as const;

/** Names of the compressions that can be taken off. */
export type Compression = keyof typeof MAGICS;

/** How bytes are compressed, told by the first of them; null where they are not. */
export function compressionOf(bytes: Uint8Array): Compression | null {
  const begin = Buffer.from(bytes.subarray(0, 6)).toString('hex');
  const names = Object.keys(MAGICS) as Compression[];
  return names.find((name) => begin.startsWith(MAGICS[name])) ?? null;
}
