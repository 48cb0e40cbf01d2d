import { indexOfFirst } from '../base/search.js';
import { MAX_SIZE, tooLarge } from './limit.js';
import { resolveInTree, type Tree } from './tree.js';

/** A file of a host's tree: what it holds, or what a symbolic link says. */
export type TreeFile = Uint8Array | { readonly link: string };

/** Files by their path below the root, without a slash in front; directories are those that paths name. */
export type TreeFiles = ReadonlyMap<string, TreeFile>;

/** A tree whose files are held in memory, as an archive's are. */
export function filesTree(name: string, files: TreeFiles): Tree {
  let paths: string[] | null = null;

  const locate = (path: string): string | null =>
    resolveInTree(path, (at) => {
      const file = files.get(at);
      return file === undefined || file instanceof Uint8Array ? null : file.link;
    });
  const bytesAt = (path: string): Uint8Array | null => {
    const at = locate(path);
    const file = at === null ? undefined : files.get(at);
    return file instanceof Uint8Array ? file : null;
  };

  return {
    name,
    onDisk: false,
    read(path, limit = MAX_SIZE) {
      const bytes = bytesAt(path);
      if (bytes !== null && bytes.length > limit) throw tooLarge(`${name}: ${path}`, limit);
      return bytes;
    },
    head: (path, length) => bytesAt(path)?.subarray(0, length) ?? null,
    list(path) {
      paths ??= [...files.keys()].sort();
      const at = locate(path);
      return at === null ? null : namesIn(at, paths);
    },
    readlink(path) {
      const slash = path.lastIndexOf('/');
      const parent = locate(path.slice(0, slash + 1));
      if (parent === null) return null;
      const file = files.get(
        [parent, path.slice(slash + 1)].filter((part) => part !== '').join('/'),
      );
      return file === undefined || file instanceof Uint8Array ? null : file.link;
    },
  };
}

/**
 * Names in a directory that some paths go through, sorted; null where none does. An index of all directories could hold
 * far more than the paths do, where each goes through directories of its own.
 *
 * @param paths all of them, sorted
 */
function namesIn(directory: string, paths: readonly string[]): string[] | null {
  const prefix = directory === '' ? '' : `${directory}/`;
  const from = (text: string) => indexOfFirst(paths, (path) => path >= text);
  const names = new Set<string>();
  for (let i = from(prefix); paths[i]?.startsWith(prefix); ) {
    const rest = (paths[i] as string).slice(prefix.length);
    const slash = rest.indexOf('/');
    const name = slash < 0 ? rest : rest.slice(0, slash);
    if (name !== '') names.add(name);
    // All that is below the name stands together, and the next code unit after the slash comes behind it.
    i = slash < 0 ? i + 1 : from(`${prefix}${name}${AFTER_SLASH}`);
  }
  return names.size === 0 && directory !== '' ? null : [...names].sort();
}

const AFTER_SLASH = String.fromCharCode('/'.charCodeAt(0) + 1);
