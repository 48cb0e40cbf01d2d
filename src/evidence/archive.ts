import { unpackTar } from 'modern-tar';
import { Failure } from '../base/failure.js';
import { filesTree, type TreeFile } from './files-tree.js';
import { severalHosts, TABLES_DIRECTORY } from './host-table.js';
import { PATH_MAX, type Tree } from './tree.js';

/** Where `ustar` stands in the first header of every archive of the last decades (POSIX.1-1988). */
const MAGIC_OFFSET = 257;
/** Bytes that all of an archive is made of multiples of. */
const BLOCK = 512;

/** Whether bytes are a tar archive; those of Unix V7, without a magic, are not told. */
export const isTar = (bytes: Uint8Array): boolean =>
  String.fromCharCode(...bytes.subarray(MAGIC_OFFSET, MAGIC_OFFSET + 5)) === 'ustar';

/** Whether an archive ends as they do, with zeros; the library reads one that was cut off without a word. */
const isComplete = (bytes: Uint8Array): boolean =>
  bytes.length % BLOCK === 0 && bytes.subarray(-BLOCK).every((byte) => byte === 0);

/** The files of an archive that a host's tree is made of; all others are passed over. */
function isOfHost(path: string): boolean {
  if (path.length > PATH_MAX) return false;
  const parts = path.split('/');
  return (
    parts.slice(0, -1).some((part) => part === 'sys' || part === 'proc') ||
    /(^|\/)usr\/share\/(misc|hwdata)\/pci\.ids(\.gz)?$/.test(path)
  );
}

/** A path without empty and `.` parts; null where `..` might lead it elsewhere. */
function plainPath(path: string): string | null {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? null : parts.join('/');
}

/**
 * The host's tree in a tar archive, all in memory. It may lie below a directory, as it does in a report.
 *
 * @param bytes the archive, not compressed
 * @param name what messages call it
 * @throws Failure `damaged`, or `no-host-tree` where no path goes through `sys/`
 */
export async function archiveTree(bytes: Uint8Array, name: string): Promise<Tree> {
  const files = new Map<string, TreeFile>();
  if (!isComplete(bytes)) {
    throw new Failure(
      'damaged',
      `The archive ${name} is damaged: it ends before its end is marked.`,
    );
  }
  try {
    const entries = await unpackTar(bytes, { filter: (header) => isOfHost(header.name) });
    for (const { header, data } of entries) {
      const path = plainPath(header.name);
      const target = header.linkname ?? '';
      if (path === null) continue;
      if (header.type === 'file') files.set(path, data ?? new Uint8Array());
      else if (header.type === 'symlink') files.set(path, { link: target });
      // A hard link names another file of the archive, from the archive's root.
      else if (header.type === 'link') files.set(path, { link: `/${plainPath(target) ?? ''}` });
    }
  } catch (error) {
    throw new Failure('damaged', `The archive ${name} is damaged: ${(error as Error).message}.`);
  }
  const prefix = hostPrefix([...files.keys()], name);
  if (prefix === null) {
    throw new Failure(
      'no-host-tree',
      `The archive ${name} holds no host's tree: none of its files is below a directory sys.`,
      'dmar capture makes an archive of a machine. Of others, unpack the table and name its file.',
    );
  }
  return filesTree(name, prefix === '' ? files : below(files, prefix));
}

/**
 * The shortest directory, ending in a slash unless it is the root, that holds `sys/`, before others one that
 * holds ACPI tables; null for none.
 *
 * @throws Failure `several-hosts` where more than one holds them
 */
function hostPrefix(paths: readonly string[], name: string): string | null {
  const prefixes = (pattern: RegExp): string[] => [
    ...new Set(paths.flatMap((path) => pattern.exec(path)?.[1] ?? [])),
  ];
  const hosts = prefixes(TABLES_BELOW);
  if (hosts.length > 1) throw severalHosts(name, hosts);
  const all = hosts.length > 0 ? hosts : prefixes(/^((?:.*?\/)?)sys\//);
  return all.sort((a, b) => a.length - b.length)[0] ?? null;
}

const TABLES_BELOW = new RegExp(`^((?:.*?/)?)${TABLES_DIRECTORY}/`);

/** The files below a directory, which becomes the root of their paths and of their absolute links. */
function below(files: ReadonlyMap<string, TreeFile>, prefix: string): Map<string, TreeFile> {
  const inside = new Map<string, TreeFile>();
  for (const [path, file] of files) {
    if (!path.startsWith(prefix)) continue;
    const link = file instanceof Uint8Array ? null : file.link;
    inside.set(
      path.slice(prefix.length),
      link?.startsWith(`/${prefix}`) ? { link: link.slice(prefix.length) } : file,
    );
  }
  return inside;
}
