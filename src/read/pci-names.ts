import { gunzipSync } from 'node:zlib';
import type { Tree } from '../evidence/tree.js';
import { PciNames } from '../machine/pci-names.js';
import { directoryTree } from './tree.js';

/** Where distributions keep the PCI ID database. */
const PLACES = ['usr/share/misc/pci.ids', 'usr/share/hwdata/pci.ids'];

/** Most bytes of the database, unpacked: it has about 1.5 MB. */
const LIMIT = 32 * 2 ** 20;

/**
 * The PCI ID database of a host, or failing that of this machine; plain, or packed with gzip.
 *
 * @returns null where neither has one that can be read
 */
export function readPciNames(tree: Tree): PciNames | null {
  for (const where of [tree, directoryTree('/')]) {
    for (const place of PLACES) {
      const text = readDatabase(where, place);
      if (text !== null) return new PciNames(text);
    }
  }
  return null;
}

/** Names are a nicety: a database that cannot be read counts as none. */
function readDatabase(tree: Tree, place: string): string | null {
  try {
    const plain = tree.read(place, LIMIT);
    const packed = plain === null ? tree.read(`${place}.gz`, LIMIT) : null;
    const bytes = packed === null ? plain : gunzipSync(packed, { maxOutputLength: LIMIT });
    return bytes === null ? null : new TextDecoder().decode(bytes);
  } catch {
    return null;
  }
}
