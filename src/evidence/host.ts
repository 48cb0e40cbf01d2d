import { NO_BYTES } from '../acpi/layout.js';
import { identifySdt, SDT_HEADER_LENGTH } from '../acpi/sdt.js';
import { Failure } from '../base/failure.js';
import { printable } from '../base/printable.js';
import { formatSbdf, keyOf, parseSbdf, type Sbdf } from '../base/sbdf.js';
import {
  type Dmi,
  type Host,
  type IommuGroup,
  type MemoryRange,
  type PciBar,
  type PciDetails,
  type ReservedRegion,
  UNKNOWN_DETAILS,
} from '../machine/host.js';
import type { PciNames } from '../machine/pci-names.js';
import { type PciFunction, PciTopology } from '../machine/pci-topology.js';
import { CONFIG_HEADER, readConfig } from './captured.js';
import { TABLES_DIRECTORY } from './host-table.js';
import { memoryType, UNKNOWN_MEMORY_TYPE } from './memory-types.js';
import { ifPermitted, type Tree } from './tree.js';

/** Where the kernel shows PCI functions, the firmware's memory map, and IOMMU groups. */
export const PCI_DEVICES = 'sys/bus/pci/devices';
export const MEMORY_MAP = 'sys/firmware/memmap';
export const IOMMU_GROUPS = 'sys/kernel/iommu_groups';

/**
 * A host's facts, each read from its tree when it is first asked for.
 *
 * @param readPciNames finds the PCI ID database, which another machine may have to lend; without it there is none
 */
export function readHost(
  tree: Tree,
  readPciNames: (tree: Tree) => PciNames | null = () => null,
): Host {
  const notes: string[] = [];
  const fact = <T>(read: (tree: Tree, notes: string[]) => T | null): (() => T | null) => {
    let known: { value: T | null } | null = null;
    return () => {
      known ??= { value: orNote(() => read(tree, notes), notes) };
      return known.value;
    };
  };
  const pci = fact(readPci);
  const memoryMap = fact(readMemoryMap);
  const segments = fact(readSegments);
  const ioApics = fact(readIoApics);
  const fadtNoMsi = fact(readFadtNoMsi);
  const cpuFlags = fact(readCpuFlags);
  const xen = fact(readXenVersion);
  const linux = fact(readLinuxRelease);
  const dmi = fact(readDmi);
  const iommuGroups = fact(readIommuGroups);
  const pciNames = fact(readPciNames);
  const lockdown = fact(readLockdown);
  const takesTables = fact(readTakesTables);
  const linuxCmdline = fact((from) => readText(from, 'proc/cmdline'));
  const details = new Map<number, PciDetails>();
  return {
    root: tree.name,
    get pci() {
      return pci();
    },
    get memoryMap() {
      return memoryMap();
    },
    get segments() {
      return segments();
    },
    get ioApics() {
      return ioApics();
    },
    get fadtNoMsi() {
      return fadtNoMsi();
    },
    get cpuFlags() {
      return cpuFlags();
    },
    get xen() {
      return xen();
    },
    get linux() {
      return linux();
    },
    get dmi() {
      return dmi();
    },
    get iommuGroups() {
      return iommuGroups();
    },
    get pciNames() {
      return pciNames();
    },
    get linuxCmdline() {
      return linuxCmdline();
    },
    get lockdown() {
      return lockdown();
    },
    get takesTables() {
      return takesTables();
    },
    pciDetails(address) {
      const key = keyOf(address);
      let known = details.get(key);
      if (known === undefined) {
        known = orNote(() => readPciDetails(tree, address), notes) ?? UNKNOWN_DETAILS;
        details.set(key, known);
      }
      return known;
    },
    notes,
  };
}

/** Null and a note where what is read cannot be. */
function orNote<T>(read: () => T, notes: string[]): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    notes.push(error.message);
    return null;
  }
}

/** Bytes of a page, which is the most that sysfs shows of an attribute. */
const PAGE = 4096;

/**
 * Text of a small file without the blanks around it; null where it is missing. A captured tree may be a
 * stranger's, so what would steer a terminal is replaced.
 */
function readText(tree: Tree, path: string): string | null {
  const bytes = tree.head(path, PAGE);
  return bytes === null ? null : printable(new TextDecoder().decode(bytes).trim());
}

/** Functions below `sys/bus/pci/devices`, each with the header of its configuration space; null for none. */
function readPci(tree: Tree, notes: string[]): PciTopology | null {
  const names = tree.list(PCI_DEVICES);
  if (names === null) return null;
  const functions: PciFunction[] = [];
  const unread: string[] = [];
  for (const name of names) {
    const sbdf = parseSbdf(name);
    if (sbdf === null) continue;
    const config = ifPermitted(() => readConfig(tree, `${PCI_DEVICES}/${name}/config`));
    const whole = config !== null && config.length >= CONFIG_HEADER;
    if (!whole) unread.push(name);
    functions.push({ ...sbdf, config: whole ? config : NO_BYTES });
  }
  if (unread.length > 0) {
    notes.push(
      `${tree.name}: ${unread.length} of ${functions.length} PCI functions have no ${CONFIG_HEADER} bytes of ` +
        `config, the first ${unread[0]}, and are taken as present; a copy of ${PCI_DEVICES} needs the files its links lead to.`,
    );
  }
  if (functions.length === 0) notes.push(`${tree.name}: ${PCI_DEVICES} shows no PCI function.`);
  return unread.length === functions.length ? null : new PciTopology(functions);
}

/** The mode that stands in brackets among those there are (security/lockdown/lockdown.c). */
function readLockdown(tree: Tree): string | null {
  const modes = readText(tree, 'sys/kernel/security/lockdown');
  return /\[(\w+)\]/.exec(modes ?? '')?.[1] ?? null;
}

/** Most bytes of a kernel's configuration; a quarter of it is usual. */
const MOST_CONFIG = 2 ** 20;

function readTakesTables(tree: Tree): boolean | null {
  const release = readLinuxRelease(tree);
  if (release === null || release.includes('/')) return null;
  const bytes = ifPermitted(() => tree.read(`boot/config-${release}`, MOST_CONFIG));
  if (bytes === null) return null;
  return /^CONFIG_ACPI_TABLE_UPGRADE=y$/m.test(new TextDecoder().decode(bytes));
}

function readPciDetails(tree: Tree, address: Sbdf): PciDetails {
  const directory = `${PCI_DEVICES}/${formatSbdf(address)}`;
  const [classCode, vendorId, deviceId] = ['class', 'vendor', 'device'].map((file) => {
    const value = parseHex(readText(tree, `${directory}/${file}`));
    return value === null ? null : Number(value);
  });
  const [driver, physfn] = ['driver', 'physfn'].map(
    (link) => printable(tree.readlink(`${directory}/${link}`)?.split('/').at(-1) ?? '') || null,
  );
  return {
    classCode: classCode ?? null,
    vendorId: vendorId ?? null,
    deviceId: deviceId ?? null,
    driver: driver ?? null,
    physicalFunction: physfn == null ? null : parseSbdf(physfn),
    bars: readBars(readText(tree, `${directory}/resource`)),
  };
}

/** Flags of a resource (Linux, include/linux/ioport.h): ports, memory, 64-bit memory. */
const RESOURCE = { io: 0x100n, mem: 0x200n, mem64: 0x10_0000n } as const;
/** Lines of `resource`: six registers and the expansion ROM; what follows is a bridge's or of virtual functions. */
const ROM_LINE = 6;

/** What `resource` says: a line a register, of start, last byte and flags in hex; all 0 where it asks for nothing. */
function readBars(text: string | null): PciBar[] | null {
  if (text === null) return null;
  return text
    .split('\n')
    .slice(0, ROM_LINE + 1)
    .flatMap((line, bar) => {
      const [start, end, flags] = line.trim().split(/\s+/).map(parseHex);
      if (start == null || end == null || flags == null || end < start) return [];
      const isIo = (flags & RESOURCE.io) !== 0n;
      if (!isIo && (flags & RESOURCE.mem) === 0n) return [];
      const memory = (flags & RESOURCE.mem64) === 0n ? 'mem32' : 'mem64';
      const kind = isIo ? 'io' : bar === ROM_LINE ? 'rom' : memory;
      return [{ bar, kind, size: end - start + 1n }];
    });
}

/** The firmware's memory map, by address (Linux, drivers/firmware/memmap.c; `end` is the last byte there). */
function readMemoryMap(tree: Tree, notes: string[]): MemoryRange[] | null {
  const names = tree.list(MEMORY_MAP);
  if (names === null) return null;
  const ranges: MemoryRange[] = [];
  const incomplete: string[] = [];
  for (const name of names) {
    const [start, end, type] = ['start', 'end', 'type'].map((file) =>
      readText(tree, `${MEMORY_MAP}/${name}/${file}`),
    );
    const first = parseHex(start);
    const last = parseHex(end);
    if (first === null || last === null || last < first || !type) {
      incomplete.push(name);
      continue;
    }
    const number = memoryType(type) ?? UNKNOWN_MEMORY_TYPE;
    ranges.push({ start: first, end: last + 1n, type: number });
  }
  if (incomplete.length > 0) {
    notes.push(
      `${tree.name}: ${incomplete.length} of ${names.length} ranges in ${MEMORY_MAP} are incomplete and left out of the memory map, the first ${incomplete[0]}.`,
    );
  }
  if (ranges.length === 0) return null;
  return ranges.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
}

const parseHex = (text: string | null | undefined): bigint | null =>
  text && /^0x[0-9a-f]{1,16}$/i.test(text) ? BigInt(text) : null;

/** Bytes of MCFG before its first allocation, of one allocation, and the segment's place in it (PCI Firmware specification). */
const MCFG = { header: SDT_HEADER_LENGTH + 8, allocation: 16, segment: 8 } as const;

/** Segments with memory-mapped configuration space, in the order of the MCFG table. */
function readSegments(tree: Tree, notes: string[]): number[] | null {
  const view = readTable(tree, 'MCFG', notes);
  if (view === null) return null;
  const segments = new Set<number>();
  const last = view.byteLength - MCFG.allocation;
  for (let at: number = MCFG.header; at <= last; at += MCFG.allocation) {
    segments.add(view.getUint16(at + MCFG.segment, true));
  }
  return [...segments];
}

/** Bytes of the MADT before its first structure, and of one for an I/O APIC (ACPI specification, "MADT"). */
const MADT = { header: SDT_HEADER_LENGTH + 8, ioApicType: 1, ioApicLength: 12, id: 2 } as const;

/** IDs of the I/O APICs, in the order of the MADT. */
function readIoApics(tree: Tree, notes: string[]): number[] | null {
  const view = readTable(tree, 'APIC', notes);
  if (view === null) return null;
  const ids: number[] = [];
  for (let at: number = MADT.header; at + 2 <= view.byteLength; ) {
    const [type, length] = [view.getUint8(at), view.getUint8(at + 1)];
    if (length < 2 || at + length > view.byteLength) break;
    if (type === MADT.ioApicType && length >= MADT.ioApicLength) {
      ids.push(view.getUint8(at + MADT.id));
    }
    at += length;
  }
  return ids;
}

/** Place of the FADT's boot flags for x86, and the one that says there is no MSI (ACPI specification, "FADT"). */
const FADT = { bootFlags: 109, msiNotSupported: 1 << 3 } as const;

/** Whether the FADT says that the machine has no MSI; one too short to say it does not. */
function readFadtNoMsi(tree: Tree, notes: string[]): boolean | null {
  const view = readTable(tree, 'FACP', notes);
  if (view === null) return null;
  return (
    view.byteLength >= FADT.bootFlags + 2 &&
    (view.getUint16(FADT.bootFlags, true) & FADT.msiNotSupported) !== 0
  );
}

/** The flags of the first processor in `proc/cpuinfo`, of which a page holds more than enough. */
function readCpuFlags(tree: Tree): string[] | null {
  const line = /^flags\s*:(.*)$/m.exec(readText(tree, 'proc/cpuinfo') ?? '');
  return line === null ? null : (line[1] ?? '').trim().split(/\s+/);
}

/** An ACPI table up to the length it claims; null where there is none of that signature. */
function readTable(tree: Tree, signature: string, notes: string[]): DataView | null {
  const path = `${TABLES_DIRECTORY}/${signature}`;
  const bytes = tree.read(path);
  if (bytes === null) return null;
  const identity = identifySdt(bytes);
  if (identity?.signature !== signature) {
    notes.push(`${tree.name}: ${path} is no ${signature} table.`);
    return null;
  }
  const length = Math.min(identity.length, bytes.length);
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

/** Xen's version, `4.17.7` say, where this is a domain on Xen (Linux, drivers/xen/sys-hypervisor.c). */
function readXenVersion(tree: Tree): string | null {
  if (readText(tree, 'sys/hypervisor/type') !== 'xen') return null;
  const [major, minor, extra] = ['major', 'minor', 'extra'].map((part) =>
    readText(tree, `sys/hypervisor/version/${part}`),
  );
  return major && minor ? `${major}.${minor}${extra ?? ''}` : null;
}

function readLinuxRelease(tree: Tree): string | null {
  const release = readText(tree, 'proc/sys/kernel/osrelease');
  if (release) return release;
  return /^Linux version (\S+)/.exec(readText(tree, 'proc/version') ?? '')?.[1] ?? null;
}

function readDmi(tree: Tree): Dmi | null {
  const [vendor, product, firmware] = ['sys_vendor', 'product_name', 'bios_version'].map(
    (name) => readText(tree, `sys/class/dmi/id/${name}`) || null,
  );
  if (!vendor && !product && !firmware) return null;
  return { vendor: vendor ?? null, product: product ?? null, firmware: firmware ?? null };
}

/** IOMMU groups by number (Linux, drivers/iommu/iommu.c). */
function readIommuGroups(tree: Tree): IommuGroup[] | null {
  const ids = tree.list(IOMMU_GROUPS)?.filter((name) => /^\d+$/.test(name));
  if (ids === undefined) return null;
  return ids
    .map((name) => ({
      id: Number(name),
      devices: tree.list(`${IOMMU_GROUPS}/${name}/devices`) ?? [],
      reservedRegions: parseReservedRegions(
        readText(tree, `${IOMMU_GROUPS}/${name}/reserved_regions`),
      ),
    }))
    .sort((a, b) => a.id - b.id);
}

function parseReservedRegions(text: string | null): ReservedRegion[] | null {
  if (text === null) return null;
  return text.split('\n').flatMap((line) => {
    const [first, last, type] = line.trim().split(/\s+/);
    const start = parseHex(first);
    const end = parseHex(last);
    return start === null || end === null || !type ? [] : [{ start, end, type }];
  });
}
