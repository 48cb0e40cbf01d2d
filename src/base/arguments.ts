/**
 * Refuses, for callers without types, what are no bytes.
 *
 * @param what the argument's name
 * @throws TypeError
 */
export function requireBytes(value: unknown, what: string): asserts value is Uint8Array {
  if (value instanceof Uint8Array) return;
  throw new TypeError(`${what} must be a Uint8Array, not ${kindOf(value)}.`);
}

/**
 * Refuses, for callers without types, what is no text.
 *
 * @param what the argument's name
 * @throws TypeError
 */
export function requireText(value: unknown, what: string): asserts value is string {
  if (typeof value === 'string') return;
  throw new TypeError(`${what} must be a string, not ${kindOf(value)}.`);
}

/** What a value is, as a sentence has it. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? `of type ${name}` : 'an object';
}
