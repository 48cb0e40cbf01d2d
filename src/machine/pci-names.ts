import { hexDigits } from '../base/hex.js';
import { printable } from '../base/printable.js';

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
