import { textAt } from '../base/characters.js';
import { Failure } from '../base/failure.js';
import { filesTree, type TreeFile, type TreeFiles } from './files-tree.js';
import { severalHosts, TABLES_DIRECTORY } from './host-table.js';
import { PATH_MAX, type Tree } from './tree.js';

/** Where `ustar` stands in the first header of every archive of the last decades (POSIX.1-1988). */
const MAGIC_OFFSET = 257;
/** Bytes that all of an archive is made of multiples of. */
const BLOCK = 512;

/** Whether bytes are a tar archive; those of Unix V7, without a magic, are not told. */
export const isTar = (bytes: Uint8Array): boolean => textAt(bytes, MAGIC_OFFSET, 5) === 'ustar';

/** Whether an archive ends as they do, with zeros; the library reads one that was cut off without a word. */
const isComplete = (bytes: Uint8Array): boolean =>
  bytes.length % BLOCK === 0 && bytes.subarray(-BLOCK).every((byte) => byte === 0);

/** A path without empty and `.` parts; null where `..` might lead it elsewhere. */
function plainPath(path: string): string | null {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? null : parts.join('/');
}

/**
 * The files of a tar archive.
 *
 * @param bytes the archive, not compressed
 * @param name what messages call it
 * @throws Failure `damaged`
 */
async function untar(bytes: Uint8Array, name: string): Promise<Map<string, TreeFile>> {
  const files = new Map<string, TreeFile>();
  if (!isComplete(bytes)) {
    throw new Failure(
      'damaged',
      `The archive ${name} is damaged: it ends before its end is marked.`,
    );
  }
  const { unpackTar } = await import('modern-tar');
  try {
    for (const { header, data } of await unpackTar(bytes)) {
      const target = header.linkname ?? '';
      if (header.type === 'file') files.set(header.name, data ?? new Uint8Array());
      else if (header.type === 'symlink') files.set(header.name, { link: target });
      // A hard link names another file of the archive, from the archive's root.
      else if (header.type === 'link') {
        files.set(header.name, { link: `/${plainPath(target) ?? ''}` });
      }
    }
  } catch (error) {
    throw new Failure('damaged', `The archive ${name} is damaged: ${(error as Error).message}.`);
  }
  return files;
}

/**
 * The tree in a tar archive, all in memory: {@link treeOfFiles}.
 *
 * @param bytes the archive, not compressed
 * @param name what messages call it
 * @throws Failure `damaged` or `several-hosts`
 */
export const archiveTree = async (bytes: Uint8Array, name: string): Promise<Tree> =>
  treeOfFiles(await untar(bytes, name), name);

/**
 * The tree that the files of an archive are: a host's, which may lie below a directory, as it does in a report; of others,
 * what is below the directories that all of them have in common.
 *
 * @param files by their paths as the archive has them; those that might lead elsewhere are left out
 * @throws Failure `several-hosts`
 */
export function treeOfFiles(files: TreeFiles, name: string): Tree {
  const plain = new Map<string, TreeFile>();
  for (const [path, file] of files) {
    const inside = path.length > PATH_MAX ? null : plainPath(path);
    if (inside) plain.set(inside, file);
  }
  const paths = [...plain.keys()];
  const prefix = hostPrefix(paths, name) ?? commonPrefix(paths);
  return filesTree(name, prefix === '' ? plain : below(plain, prefix));
}

/** Directories that a report itself is made of. */
const OF_REPORT = /(^|\/)(sos_commands|var|proc)\/$/;

/** The directory that all paths lie in, ending in a slash unless it is the root. */
function commonPrefix(paths: readonly string[]): string {
  const [first = ''] = paths;
  let prefix = '';
  for (let slash = first.indexOf('/'); slash >= 0; slash = first.indexOf('/', slash + 1)) {
    const directory = first.slice(0, slash + 1);
    if (OF_REPORT.test(directory) || !paths.every((path) => path.startsWith(directory))) break;
    prefix = directory;
  }
  return prefix;
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
