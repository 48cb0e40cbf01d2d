/** A number's hex digits, lower case, with zeros before them where there are fewer than `digits`. */
export const hexDigits = (value: number | bigint, digits = 1): string =>
  value.toString(16).padStart(digits, '0');

/** A number in hex behind `0x`: {@link hexDigits}. */
export const hex = (value: number | bigint, digits = 1): string => `0x${hexDigits(value, digits)}`;

const BYTES = Array.from({ length: 256 }, (_, byte) => hexDigits(byte, 2));

/** Bytes as lower-case hex digits, two a byte, with a separator between bytes. */
export function bytesToHex(bytes: Uint8Array, separator = ''): string {
  let text = '';
  for (const byte of bytes) text += text === '' ? BYTES[byte] : separator + BYTES[byte];
  return text;
}

/**
 * The inverse of {@link bytesToHex}: pairs of hex digits of either case, white space between them allowed.
 *
 * @returns null where the text is anything else
 */
export function hexToBytes(text: string): Uint8Array | null {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 2 === 1 || !/^[0-9a-f]*$/i.test(digits)) return null;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}
