/**
 * Reads a number of bytes as people write it: `1048576`, `64M`, `64MiB`, `0.5 GB`; every unit is a power of
 * 1024, as memory is counted.
 *
 * @returns whole bytes; null where the text is no size or no safe integer
 */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt]?)(?:i?b)?)$/i.exec(text.trim());
  if (match === null) return null;
  const power = ' kmgt'.indexOf((match[2] || ' ').toLowerCase());
  const bytes = Math.floor(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
