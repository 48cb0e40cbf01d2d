import { DMAR_SIGNATURES } from '../acpi/dmar/header.js';
import { Failure } from '../base/failure.js';
import { parseSbdf } from '../base/sbdf.js';
import type { Tree } from '../read/tree.js';
import type { TreeFile } from './files-tree.js';
import { CONFIG_HEADER, IOMMU_GROUPS, MEMORY_MAP, PCI_DEVICES } from './host.js';
import { TABLES_DIRECTORY } from './host-table.js';

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
  readonly notes: readonly string[];
}

/** Most bytes of one file of sysfs; its files are a page long, tables aside. */
const FILE_LIMIT = 65536;

const TABLES = [...DMAR_SIGNATURES, 'MCFG', 'APIC'];

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

/**
 * Takes from a host what a report about its reserved memory needs: ACPI tables, the headers of PCI
 * configuration spaces with their drivers and physical functions, the firmware's memory map, IOMMU groups,
 * versions, and the options that the kernel's IOMMU was started with.
 */
export function captureHost(tree: Tree): Capture {
  const from = new Collector(tree);
  const taken = [
    takeTables(from),
    takePci(from),
    takeMemoryMap(from),
    takeIommuGroups(from),
    takeVersions(from),
  ];
  return { files: from.files, taken, notes: from.notes };
}

const names = (found: readonly string[]): string => found.join(', ') || 'none';

function takeTables(from: Collector): Taken {
  const there = from.list(TABLES_DIRECTORY).filter((name) => TABLES.includes(name));
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
    // The rest of the space can only be read by root, and reading it disturbs some devices.
    if (from.file(config, (tree) => tree.head(config, CONFIG_HEADER))) functions++;
    for (const fact of ['class', 'vendor', 'device']) from.file(`${directory}/${fact}`);
    from.link(`${directory}/driver`, (driver) => `../../drivers/${driver}`);
    from.link(`${directory}/physfn`, (physfn) => `../${physfn}`);
    from.link(`${directory}/iommu_group`, (group) => `../../../../kernel/iommu_groups/${group}`);
  }
  return { what: 'PCI functions', found: String(functions) };
}

function takeMemoryMap(from: Collector): Taken {
  const complete = from
    .list(MEMORY_MAP)
    .filter((range) =>
      ['start', 'end', 'type']
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

/** Options of Linux's command line that verdicts hang on; the rest of it is nobody's business. */
const IOMMU_OPTION = /^(intel_)?iommu=/;

/** Takes the options; whether there are any. */
function takeIommuOptions(from: Collector): boolean {
  const path = 'proc/cmdline';
  const cmdline = new TextDecoder().decode(from.read(path) ?? undefined);
  const options = cmdline.split(/\s+/).filter((option) => IOMMU_OPTION.test(option));
  if (cmdline !== '') from.files.set(path, new TextEncoder().encode(`${options.join(' ')}\n`));
  return options.length > 0;
}

function takeVersions(from: Collector): Taken {
  const found: string[] = [];
  if (from.file('proc/sys/kernel/osrelease')) found.push('Linux');
  if (from.file('sys/hypervisor/type')) {
    const parts = ['major', 'minor', 'extra'].filter((part) =>
      from.file(`sys/hypervisor/version/${part}`),
    );
    if (parts.length > 0) found.push('hypervisor');
  }
  if (takeIommuOptions(from)) found.push("the kernel's options for its IOMMU");
  return { what: 'Versions', found: names(found) };
}
