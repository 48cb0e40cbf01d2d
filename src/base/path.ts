import { joinBytes } from './bytes.js';

/** The path of something below a directory; slashes at the directory's end count as one. */
export function below(directory: string, name: string): string {
  let end = directory.length;
  while (end > 0 && directory[end - 1] === '/') end--;
  return `${directory.slice(0, end)}/${name}`;
}

/** What a byte of a path that belongs to no character of UTF-8 is held as, plus the byte: half of a surrogate pair. */
export const RAW_BYTE = 0xdc00;

const RAW_BYTES = /([\udc80-\udcff])/u;

/**
 * The bytes of a path that is not UTF-8.
 *
 * @param path with U+DC00 plus the byte for each byte that belongs to no character
 * @returns null where its text says all of it
 */
export function bytesOfPath(path: string): Uint8Array<ArrayBuffer> | null {
  if (!RAW_BYTES.test(path)) return null;
  const encoder = new TextEncoder();
  const parts = path
    .split(RAW_BYTES)
    .map((part) =>
      RAW_BYTES.test(part) ? Uint8Array.of(part.charCodeAt(0) - RAW_BYTE) : encoder.encode(part),
    );
  return joinBytes(parts);
}
