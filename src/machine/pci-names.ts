import { gunzipSync } from 'node:zlib';
import { hexDigits } from '../base/hex.js';
import { printable } from '../base/printable.js';
import { directoryTree, type Tree } from '../read/tree.js';

/** Where distributions keep the PCI ID database. */
const PLACES = ['usr/share/misc/pci.ids', 'usr/share/hwdata/pci.ids'];

/** Most bytes of the database, unpacked: it has about 1.5 MB. */
const LIMIT = 32 * 2 ** 20;

/** Names of PCI devices and classes, from the PCI ID database (pci.ids(5)). */
export class PciNames {
  readonly #lines: string;
  readonly #entries = new Map<string, Entry | null>();

  /** @param text the database */
  constructor(text: string) {
    this.#lines = `\n${text.replaceAll('\r', '')}\n`;
  }

  /** `Intel Corporation 82599ES`, as much of it as the database knows; null where it is nothing. */
  device(vendorId: number, deviceId: number): string | null {
    const vendor = this.#entry(hexDigits(vendorId, 4));
    if (vendor === null) return null;
    const device = vendor.find(hexDigits(deviceId, 4));
    return device === null ? vendor.name : `${vendor.name} ${device}`;
  }

  /** `USB controller` for 0x0c0320; null where the database knows no such class. */
  className(classCode: number): string | null {
    const base = this.#entry(`C ${hexDigits(classCode >> 16, 2)}`);
    return base?.find(hexDigits((classCode >> 8) & 0xff, 2)) ?? base?.name ?? null;
  }

  /** A top-level entry, its name in the first line, and what is listed below it; null where there is none. */
  #entry(key: string): Entry | null {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = findEntry(this.#lines, key);
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

/** A vendor or a base class. */
interface Entry {
  readonly name: string;
  /** Name of what has a key of its own one level below. */
  find(key: string): string | null;
}

function findEntry(lines: string, key: string): Entry | null {
  const start = lines.indexOf(`\n${key}  `);
  if (start < 0) return null;
  // What belongs to an entry is indented by tabs, comments aside.
  const next = /\n[^\t#\n]/g;
  next.lastIndex = start + 1;
  const section = lines.slice(start, next.exec(lines)?.index);
  return {
    name: lineAt(section, 1 + key.length),
    find: (below) => {
      const at = section.indexOf(`\n\t${below}  `);
      return at < 0 ? null : lineAt(section, at + 2 + below.length);
    },
  };
}

/** The rest of a line. */
function lineAt(lines: string, from: number): string {
  const end = lines.indexOf('\n', from);
  return printable(lines.slice(from, end < 0 ? undefined : end).trim());
}

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
