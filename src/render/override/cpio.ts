/** A file of a cpio archive. */
export interface CpioEntry {
  /** Its path, as the kernel compares it: without a leading `/` or `./`. */
  readonly name: string;
  /** Type and permissions, as stat(2) has them; default: a regular file that all may read. */
  readonly mode?: number;
  /** Its bytes; empty for a directory, the target for a symbolic link. */
  readonly data: Uint8Array;
}

/** Types and permissions of the entries that an archive for a kernel needs. */
export const MODE = { file: 0o100644, program: 0o100755, directory: 0o040755, link: 0o120777 };

/** What follows must begin on a multiple of 4, or the kernel takes it for damaged; cpio itself pads to 512. */
const BLOCK = 512;

const aligned = (length: number, to: number): number => Math.ceil(length / to) * to;

/**
 * Packs files into an uncompressed cpio archive of the `newc` kind, the one that Linux reads in an initial RAM disk
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Its length is a multiple of 512 bytes.
 *
 * @param entries in the order of the archive; the directories of a file go before it where they are wanted
 */
export function packCpio(entries: readonly CpioEntry[]): Uint8Array {
  const encoder = new TextEncoder();
  const all = [...entries, { name: 'TRAILER!!!', mode: 0, data: new Uint8Array() }];
  const parts = all.map(({ name, mode = MODE.file, data }, i) => {
    const path = encoder.encode(`${name}\0`);
    // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    const fields = [i + 1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, path.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    return { head: encoder.encode(header), path, data };
  });
  const dataAt = (part: (typeof parts)[number]) => aligned(part.head.length + part.path.length, 4);
  const lengthOf = (part: (typeof parts)[number]) => dataAt(part) + aligned(part.data.length, 4);
  const total = parts.reduce((sum, part) => sum + lengthOf(part), 0);
  const archive = new Uint8Array(aligned(total, BLOCK));
  let at = 0;
  for (const part of parts) {
    archive.set(part.head, at);
    archive.set(part.path, at + part.head.length);
    archive.set(part.data, at + dataAt(part));
    at += lengthOf(part);
  }
  return archive;
}
