import type { Sbdf } from '../../base/sbdf.js';
import type { MachineName, MemoryRange } from '../../machine/host.js';
import type { LogLine } from './line.js';

/** A reserved memory region as a text tells of it. */
export interface LogRegion {
  /** First byte. */
  readonly base: bigint;
  /** Last byte, inclusive. */
  readonly limit: bigint;
  /** The region's devices; null where the text names none. */
  readonly devices: readonly Sbdf[] | null;
  /** Who told of it: Linux or Xen in a log, or a listing. */
  readonly log: 'Linux' | 'Xen' | 'listing';
  /** Number of the line that told of it first, from 1. */
  readonly line: number;
}

/** A remapping unit as a kernel log tells of it. */
export interface LogUnit {
  base: bigint;
  flags: number | null;
}

/** Who printed a line. */
export type Speaker = 'Linux' | 'Xen' | 'toolstack';

/** A line that says something of the machine, its tables or a device. */
export interface Sighting {
  /** What it says: the row of the speaker's table that it is one of. */
  readonly line: LogLine;
  readonly speaker: Speaker;
  /** Number of the line in the text, from 1. */
  readonly number: number;
  /** As it stands in the text, without blanks around it. */
  readonly text: string;
  /** The device that it is about. */
  readonly device: Sbdf | null;
  /** First byte of the region that it is about. */
  readonly base: bigint | null;
  /** Last byte of that region, inclusive whatever the line prints. */
  readonly limit: bigint | null;
  /** The address that a device asked for. */
  readonly address: bigint | null;
  /** Why a request was blocked: the hardware's number (VT-d specification, "Fault Reason Encodings"). */
  readonly reason: number | null;
  /** All values as they are printed, by their name in the form. */
  readonly values: Readonly<Record<string, string>>;
}

/** What a text announces or holds in part, but does not show. */
export type Loss =
  /** A line that names a region, which cannot be read. */
  | { readonly code: 'line-unreadable'; readonly line: number; readonly text: string }
  /** Structures for regions that Xen announces, and regions that it then shows. */
  | { readonly code: 'regions-missing'; readonly announced: number; readonly read: number }
  /** No region is named, and nothing says that there is none. */
  | { readonly code: 'no-region-named' }
  /** The dump of a table ends before its end; so many of its bytes are shown by no line, at most. */
  | { readonly code: 'dump-cut'; readonly line: number }
  /** Bytes of a table that its header claims, and those that are there. */
  | { readonly code: 'table-cut'; readonly claimed: number; readonly present: number }
  /** Bytes of a table that a dump or listing leaves out; the first and the last. */
  | { readonly code: 'gap'; readonly first: number; readonly last: number };

/** A table that a log announces. */
export interface AnnouncedTable {
  readonly signature: 'DMAR' | 'IVRS';
  /** Bytes. */
  readonly length: number;
  readonly line: number;
}

/** Whether something is on, as a line says. */
export interface Verdict {
  readonly on: boolean;
  readonly line: number;
}

/** A PCI function that a text shows. */
export interface SeenFunction {
  readonly address: Sbdf;
  readonly vendorId: number | null;
  readonly deviceId: number | null;
  /** 24 bits. */
  readonly classCode: number | null;
  /** Bit 7 aside. */
  readonly headerType: number | null;
  /** Buses behind a bridge. */
  readonly secondary: number | null;
  readonly subordinate: number | null;
  readonly driver: string | null;
}

/** A group of devices that a text shows, with its reserved regions where they are listed. */
export interface SeenGroup {
  readonly id: number;
  readonly devices: readonly string[];
  readonly reservedRegions: readonly { start: bigint; end: bigint; type: string }[] | null;
}

/** Facts of a machine that texts show. */
export interface Facts {
  readonly linux: string | null;
  readonly xen: string | null;
  readonly linuxCmdline: string | null;
  readonly xenCmdline: string | null;
  readonly dmi: MachineName | null;
  /** By address; null where none is shown. */
  readonly memoryMap: readonly MemoryRange[] | null;
  /** Whether that is all of the map. */
  readonly memoryMapWhole: boolean;
  readonly functions: readonly SeenFunction[];
  /** Whether those are all functions of the machine. */
  readonly functionsWhole: boolean;
  readonly groups: readonly SeenGroup[];
}

/** What is known of a machine from what programs printed on it. */
export interface Log {
  /** Whose lines tell of the regions. */
  readonly kind: 'linux-log' | 'xen-log' | 'listing';
  /** All lines that are known, in their order. */
  readonly sightings: readonly Sighting[];
  /** Regions that devices have, each once, in their order. */
  readonly regions: readonly LogRegion[];
  /** Regions that the speaker dropped. */
  readonly ignored: readonly LogRegion[];
  readonly units: readonly LogUnit[];
  readonly table: AnnouncedTable | null;
  /** Whether a line says, or the dump shows from its start to its end, that there is no region. */
  readonly provesNone: boolean;
  /** What Xen says of VT-d; null where it does not. */
  readonly vtd: Verdict | null;
  /** What Linux says of DMA remapping; null where it does not. */
  readonly remapping: Verdict | null;
  readonly losses: readonly Loss[];
  readonly facts: Facts;
  /** Sentences for people about the text. */
  readonly notes: readonly string[];
}
