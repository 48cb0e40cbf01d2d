import { type Dirent, lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { bytesOfPath, RAW_BYTE } from '../base/path.js';

/** A character of UTF-8 (RFC 3629), or a byte that belongs to none, in bytes read as Latin-1. */
const UTF8 =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: every byte stands for itself
  /([\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})|[\x80-\xff]/g;

/** What text that was decoded as UTF-8 has for bytes that are none. */
const REPLACEMENT = '\ufffd';

/**
 * A path, or a part of one, as the system has it, as text. A byte that is no UTF-8 becomes U+DC00 plus the
 * byte, as in Python's `surrogateescape`; {@link toSystem} makes it that byte again.
 */
export const fromSystem = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(UTF8, (bytes, character) =>
      character === undefined
        ? String.fromCharCode(RAW_BYTE + bytes.charCodeAt(0))
        : Buffer.from(bytes, 'latin1').toString(),
    );

/** A path as functions of `node:fs` take it: its bytes where text would not be the same name. */
export function toSystem(path: string): string | Buffer {
  const bytes = bytesOfPath(path);
  return bytes === null ? path : Buffer.from(bytes.buffer);
}

/** Names in a directory; throws the system's error. */
export function namesIn(directory: string): string[] {
  const at = toSystem(directory);
  const names = readdirSync(at);
  return names.some((name) => name.includes(REPLACEMENT))
    ? readdirSync(at, 'buffer').map(fromSystem)
    : names;
}

/** What kind of file a name in a directory is: what a symbolic link leads to is not looked at. */
export interface Entry {
  readonly name: string;
  readonly kind: 'directory' | 'file' | 'link' | 'other';
}

/** Names in a directory, each with what it is; throws the system's error. */
export function entriesIn(directory: string): Entry[] {
  const at = toSystem(directory);
  const entries = readdirSync(at, { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes(REPLACEMENT))) {
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  }
  // Names as bytes and types together are not to be had of every engine.
  return readdirSync(at, 'buffer').map((bytes) => {
    const name = fromSystem(bytes);
    const stats = lstatSync(toSystem(`${directory.replace(/\/$/, '')}/${name}`), {
      throwIfNoEntry: false,
    });
    return { name, kind: stats === undefined ? 'other' : kindOf(stats) };
  });
}

function kindOf(entry: Dirent | Stats): Entry['kind'] {
  if (entry.isDirectory()) return 'directory';
  if (entry.isFile()) return 'file';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

/**
 * The words of a command line as they were given: Node decodes them as UTF-8, and what is none is lost.
 *
 * @param args the last words of the command line of this process, as Node gives them
 */
export function argumentsAsGiven(args: readonly string[]): string[] {
  if (!args.some((arg) => arg.includes(REPLACEMENT))) return [...args];
  try {
    const words = fromSystem(readFileSync('/proc/self/cmdline')).split('\0').slice(0, -1);
    return words.slice(-args.length);
  } catch {
    // Where there is no /proc, the names stay what Node made of them.
    return [...args];
  }
}
