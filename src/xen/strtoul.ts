const U64 = (1n << 64n) - 1n;

/**
 * Reads a number as the hypervisor's simple_strtoul does (xen/common/vsprintf.c): no sign, no blanks,
 * wrapping at 64 bits.
 *
 * @param base 16, with or without `0x`, which need not be followed by a digit; or 0 for what the text looks
 *   like: hex with `0x` and a digit, octal with a leading 0, else decimal
 * @returns the value, 0 where there are no digits, and the position after the last digit
 */
export function readNumber(
  text: string,
  pos: number,
  base: 0 | 16,
): { value: bigint; next: number } {
  const prefix = base === 16 ? /^0x/i : /^0x[0-9a-f]/i;
  const prefixed = prefix.test(text.slice(pos, pos + 3));
  const radix = prefixed || base === 16 ? 16 : text[pos] === '0' ? 8 : 10;
  let next = prefixed ? pos + 2 : pos;
  let value = 0n;
  for (; next < text.length; next++) {
    const digit = Number.parseInt(text[next] as string, radix);
    if (Number.isNaN(digit)) break;
    value = (value * BigInt(radix) + BigInt(digit)) & U64;
  }
  return { value, next };
}
