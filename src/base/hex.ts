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
  return digitsToBytes(digits);
}

/** Value of a hex digit, given by its character code. */
const digitValue = (code: number): number => (code < 0x3a ? code - 0x30 : (code | 0x20) - 0x57);

/** The bytes that hex digits stand for, two a byte; all must be digits, and one that is left over counts as none. */
export function digitsToBytes(digits: string): Uint8Array {
  const bytes = new Uint8Array(digits.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = 16 * digitValue(digits.charCodeAt(2 * i)) + digitValue(digits.charCodeAt(2 * i + 1));
  }
  return bytes;
}
