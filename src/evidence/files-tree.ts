import { MAX_SIZE, tooLarge } from './limit.js';
import { resolveInTree, type Tree } from './tree.js';

/** A file of a host's tree: what it holds, or what a symbolic link says. */
export type TreeFile = Uint8Array | { readonly link: string };

/** Files by their path below the root, without a slash in front; directories are those that paths name. */
export type TreeFiles = ReadonlyMap<string, TreeFile>;

/** A tree whose files are held in memory, as an archive's are. */
export function filesTree(name: string, files: TreeFiles): Tree {
  let directories: Map<string, Set<string>> | null = null;

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
      directories ??= directoriesOf(files);
      const at = locate(path);
      const names = at === null ? undefined : directories.get(at);
      return names === undefined ? null : [...names].sort();
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

/** Names in each directory that the files' paths go through. */
function directoriesOf(files: TreeFiles): Map<string, Set<string>> {
  const directories = new Map<string, Set<string>>([['', new Set()]]);
  for (const path of files.keys()) {
    for (let at = path; at !== ''; ) {
      const slash = at.lastIndexOf('/');
      const parent = slash < 0 ? '' : at.slice(0, slash);
      const names = directories.get(parent);
      const name = at.slice(slash + 1);
      // A parent that is known has been entered in its own parent.
      if (names !== undefined) {
        names.add(name);
        break;
      }
      directories.set(parent, new Set([name]));
      at = parent;
    }
  }
  return directories;
}
