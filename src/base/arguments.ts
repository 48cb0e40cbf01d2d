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

/** What a part of an object may be: how a sentence calls it, and whether a value is that. */
const KINDS = {
  text: { name: 'a string', is: (value: unknown) => typeof value === 'string' },
  texts: {
    name: 'an array of strings',
    is: (value: unknown) => isList(value, (one) => typeof one === 'string'),
  },
  flag: { name: 'a boolean', is: (value: unknown) => typeof value === 'boolean' },
  count: {
    name: 'an integer that is not negative',
    is: (value: unknown) => Number.isInteger(value) && Number(value) >= 0,
  },
  integer: { name: 'an integer', is: (value: unknown) => Number.isInteger(value) },
  bigint: { name: 'a bigint', is: (value: unknown) => typeof value === 'bigint' },
  work: { name: 'a function', is: (value: unknown) => typeof value === 'function' },
  object: { name: 'an object', is: (value: unknown) => isObject(value) },
  objects: { name: 'an array of objects', is: (value: unknown) => isList(value, isObject) },
  'object or null': {
    name: 'an object or null',
    is: (value: unknown) => value === null || isObject(value),
  },
  any: { name: 'anything', is: () => true },
} as const;

type Kind = keyof typeof KINDS;

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown, is: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(is);

/** What each part of an object must be; with a question mark behind it, it may be left out. */
export type Shape<T> = { readonly [K in keyof T]-?: Kind | `${Kind}?` };

/**
 * Refuses, for callers without types, what is no object, or has parts of another type than they must have.
 *
 * @param what the argument's name; '' where the parts are arguments themselves
 * @throws TypeError
 */
export function requireObject<T extends object>(value: T, what: string, shape: Shape<T>): void {
  if (!isObject(value)) throw new TypeError(`${what} must be an object, not ${kindOf(value)}.`);
  for (const key in shape) {
    const part: unknown = value[key];
    const wanted = shape[key];
    if (part === undefined && wanted.endsWith('?')) continue;
    const { name, is } = KINDS[wanted as Kind] ?? KINDS[wanted.slice(0, -1) as Kind];
    if (!is(part))
      throw new TypeError(
        `${what === '' ? key : `${what}.${key}`} must be ${name}, not ${kindOf(part)}.`,
      );
  }
}

/** What a value is, as a sentence has it. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number') return `the number ${value}`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? `of type ${name}` : 'an object';
}
