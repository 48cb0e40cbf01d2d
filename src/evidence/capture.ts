import { Failure } from '../base/failure.js';
import { parseSbdf } from '../base/sbdf.js';
import { CAPTURED, readConfig } from './captured.js';
import type { TreeFile } from './files-tree.js';
import { IOMMU_GROUPS, MEMORY_MAP, PCI_DEVICES } from './host.js';
import { TABLES_DIRECTORY } from './host-table.js';
import type { Tree } from './tree.js';

/** What was taken of one kind of fact. */
export interface Taken {
  /** For a person: `ACPI tables`. */
  readonly what: string;
  /** Names of the things taken, or how many there are. */
  readonly found: string;
}

/** The facts of a host that `dmar` knows how to use, and nothing else of it. */
export interface Capture {
  readonly files: ReadonlyMap<string, TreeFile>;
  readonly taken: readonly Taken[];
  /** Sentences about what is there but could not be read. */
  readonly notes: string[];
}

/** Most bytes of one file of sysfs or procfs; most are a page long, `iomem` of a server is longer. */
const FILE_LIMIT = 65536;

/** Collects files from a tree. Links are taken apart and made anew, so that they fit the plainer tree. */
class Collector {
  readonly files = new Map<string, TreeFile>();
  readonly notes: string[] = [];

  constructor(readonly tree: Tree) {}

  /** The bytes of a file, by default its first; null, and a note, where it cannot be read. */
  read(path: string, from = (tree: Tree) => tree.head(path, FILE_LIMIT)): Uint8Array | null {
    return this.#orNote(() => from(this.tree));
  }

  /** Takes a file if it is there; whether it was, and held anything. */
  file(path: string, from?: (tree: Tree) => Uint8Array | null): boolean {
    const bytes = this.read(path, from);
    if (bytes !== null) this.files.set(path, bytes);
    return bytes !== null && bytes.length > 0;
  }

  /** Takes what the last part of a symbolic link's target says, if it is one, as a link to somewhere else. */
  link(path: string, targetOf: (name: string) => string): void {
    const name = this.#orNote(() => this.tree.readlink(path))
      ?.split('/')
      .at(-1);
    if (name) this.files.set(path, { link: targetOf(name) });
  }

  list(path: string): string[] {
    return this.#orNote(() => this.tree.list(path)) ?? [];
  }

  #orNote<T>(read: () => T | null): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.notes.push(error.message);
      return null;
    }
  }
}

/** Takes from a host what a report about its reserved memory needs: what {@link CAPTURED} lists. */
export function captureHost(tree: Tree): Capture {
  const from = new Collector(tree);
  const taken = [
    takeTables(from),
    takePci(from),
    takeMemoryMap(from),
    takeIommuGroups(from),
    takeFacts(from),
  ];
  return { files: from.files, taken, notes: from.notes };
}

const names = (found: readonly string[]): string => found.join(', ') || 'none';

function takeTables(from: Collector): Taken {
  const wanted: readonly string[] = CAPTURED.tables;
  const there = from.list(TABLES_DIRECTORY).filter((name) => wanted.includes(name));
  const path = (name: string) => `${TABLES_DIRECTORY}/${name}`;
  const found = there.filter((name) => from.file(path(name), (tree) => tree.read(path(name))));
  return { what: 'ACPI tables', found: names(found) };
}

function takePci(from: Collector): Taken {
  let functions = 0;
  for (const name of from.list(PCI_DEVICES)) {
    if (parseSbdf(name) === null) continue;
    const directory = `${PCI_DEVICES}/${name}`;
    const config = `${directory}/config`;
    if (from.file(config, (tree) => readConfig(tree, config))) functions++;
    for (const fact of CAPTURED.pciFiles) from.file(`${directory}/${fact}`);
    for (const [link, below] of Object.entries(CAPTURED.pciLinks)) {
      from.link(`${directory}/${link}`, (target) => below + target);
    }
  }
  return { what: 'PCI functions', found: String(functions) };
}

function takeMemoryMap(from: Collector): Taken {
  const complete = from
    .list(MEMORY_MAP)
    .filter((range) =>
      CAPTURED.memoryRange
        .map((file) => from.file(`${MEMORY_MAP}/${range}/${file}`))
        .every(Boolean),
    );
  return { what: 'Ranges of the memory map', found: String(complete.length) };
}

function takeIommuGroups(from: Collector): Taken {
  const groups = from.list(IOMMU_GROUPS);
  for (const group of groups) {
    const directory = `${IOMMU_GROUPS}/${group}`;
    for (const device of from.list(`${directory}/devices`)) {
      const link = `../../../../bus/pci/devices/${device}`;
      from.files.set(`${directory}/devices/${device}`, { link });
    }
    from.file(`${directory}/reserved_regions`);
  }
  return { what: 'IOMMU groups', found: String(groups.length) };
}

/** Takes the words of a file that are wanted, as one line; whether there are any. */
function takeWords(
  from: Collector,
  path: string,
  lineOf: (text: string) => string,
  wanted: (word: string) => boolean,
  before = '',
): boolean {
  const bytes = from.read(path);
  if (bytes === null) return false;
  const words = lineOf(new TextDecoder().decode(bytes)).split(/\s+/).filter(wanted);
  from.files.set(path, new TextEncoder().encode(`${[before, ...words].join(' ').trimStart()}\n`));
  return words.length > 0;
}

function takeFacts(from: Collector): Taken {
  const found: string[] = CAPTURED.files.filter((path) => from.file(path));
  const isOption = (word: string) =>
    CAPTURED.kernelOptions.some((option) => word.startsWith(option));
  if (takeWords(from, 'proc/cmdline', (text) => text, isOption)) {
    found.push('proc/cmdline (options of the IOMMU)');
  }
  const flags: readonly string[] = CAPTURED.cpuFlags;
  const flagsOf = (text: string) => /^flags\s*:.*/m.exec(text)?.[0] ?? '';
  if (takeWords(from, 'proc/cpuinfo', flagsOf, (word) => flags.includes(word), 'flags :')) {
    found.push('proc/cpuinfo (flags)');
  }
  return { what: 'Other files', found: names(found) };
}
