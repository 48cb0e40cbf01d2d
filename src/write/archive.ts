import { packTar } from 'modern-tar';
import type { TreeFiles } from '../evidence/files-tree.js';

/**
 * A tar archive of files, not compressed.
 *
 * @param directory what they all lie below in it, so that unpacking does not strew them about
 */
export async function packArchive(
  files: TreeFiles,
  directory: string,
  mtime: Date,
): Promise<Uint8Array> {
  return packTar(
    [...files].map(([path, file]) => {
      const name = `${directory}/${path}`;
      return file instanceof Uint8Array
        ? { header: { name, mtime, size: file.length }, body: file }
        : { header: { name, mtime, size: 0, type: 'symlink', linkname: file.link } };
    }),
  );
}
