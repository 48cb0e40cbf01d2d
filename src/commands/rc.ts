import { EXIT, Failure } from '../base/failure.js';
import { readPath } from '../read/bounded-read.js';

/** Most bytes of a file of settings, or of a baseline. */
const MAX_TEXT_SIZE = 64 << 20;

/** Settings of `check` that a file may hold; the JSON Schema `rc` describes it. */
export interface RcSettings {
  ignore?: string[];
  only?: string[];
  fail_on?: string;
  xen?: string;
  linux?: string;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const KEYS: Readonly<Record<string, (value: unknown) => boolean>> = {
  $schema: isText,
  ignore: isList,
  only: isList,
  fail_on: (value) => ['error', 'warning', 'info'].some((level) => level === value),
  xen: isText,
  linux: isText,
};

/**
 * Reads a text that somebody named on the command line.
 *
 * @throws Failure where there is none, or it is a directory
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readPath(path, MAX_TEXT_SIZE, () => undefined);
  if (bytes !== null) return new TextDecoder().decode(bytes);
  throw new Failure('a-directory', `${path} is a directory.`, undefined, EXIT.usage);
}

/**
 * Reads the file of `--rc`.
 *
 * @throws Failure `bad-rc`, a matter of usage, that names the key
 */
export async function readRc(path: string): Promise<RcSettings> {
  const bad = (why: string) =>
    new Failure(
      'bad-rc',
      `${path}: ${why}`,
      `It is a JSON object with ${Object.keys(KEYS).join(', ')}.`,
      EXIT.usage,
    );
  let settings: unknown;
  try {
    settings = JSON.parse(await readTextFile(path));
  } catch (error) {
    throw error instanceof SyntaxError ? bad('it is not JSON.') : error;
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw bad('it is not an object.');
  }
  for (const [key, value] of Object.entries(settings)) {
    const fits = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (fits === undefined) throw bad(`there is no setting ${JSON.stringify(key)}.`);
    if (!fits(value)) throw bad(`the setting ${JSON.stringify(key)} has a wrong value.`);
  }
  return settings as RcSettings;
}
