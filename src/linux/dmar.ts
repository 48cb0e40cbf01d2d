import { SCOPE_ACPI_DEVICE } from '../acpi/dmar/device-scope.js';
import { dmarHeader } from '../acpi/dmar/header.js';
import { PAGE_SIZE } from '../base/address.js';
import { append } from '../base/lists.js';
import { acceptsNvs, does, type LinuxKernel } from './kernel.js';
import type { LinuxMemoryMap } from './memory-map.js';

/** Why a kernel makes no use of the remapping hardware. */
export type OffReason =
  /** The table has fewer bytes than its header. */
  | 'header-truncated'
  /** The checksum is wrong (AMD). */
  | 'checksum'
  /** A host address width of less than a page. */
  | 'address-width'
  /** A structure runs past the table's end. */
  | 'overrun'
  /** A DRHD's register base address is 0. */
  | 'base-zero'
  /** A DRHD's register base address is all ones. */
  | 'base-all-ones'
  /** A DRHD's registers lie where other things are. */
  | 'base-taken'
  /** An ANDD's name has no NUL. */
  | 'andd-name'
  /** An RMRR lies in memory that is not reserved. */
  | 'region-place'
  /** No DRHD was read. */
  | 'no-unit'
  /** A device scope entry of length 0 is read for ever. */
  | 'scope-loop'
  /** A structure of length 0 is read for ever. */
  | 'structure-loop'
  /** A device scope entry calls a bridge an endpoint, or the reverse. */
  | 'scope-type'
  /** The kernel was told to, on its command line. */
  | 'option';

/** What stopped a kernel, and where. */
export interface LinuxFailure {
  readonly reason: OffReason;
  /** Whether the kernel never comes up, instead of going on without remapping. */
  readonly hangs: boolean;
  /** Of the structure or device scope entry in the table, in bytes. */
  readonly offset: number;
}

/** A line that a kernel logs about a table, by what it says. */
export type Complaint =
  | 'bad RMRR'
  | 'No firmware reserved region'
  | 'Unsupported device scope'
  | 'RHSA refers to non-existent'
  | 'No supported address widths'
  | "Can't reserve memory";

/** A device scope entry as the kernel reads it. */
export interface LinuxScope {
  /** In the table, in bytes. */
  readonly offset: number;
  readonly type: number;
  readonly startBus: number;
  /** Empty where the length leaves no room for a hop. */
  readonly path: readonly (readonly [device: number, func: number])[];
}

/** A structure with device scopes that the kernel keeps. */
export interface LinuxScoped {
  readonly offset: number;
  readonly segment: number;
  readonly scopes: readonly LinuxScope[];
}

/** A remapping unit. */
export interface LinuxUnit extends LinuxScoped {
  readonly base: bigint;
  readonly includesAll: boolean;
  /** Whether its registers cannot be where the base says, so that it is of no use. */
  readonly dead: boolean;
}

/** A reserved region. */
export interface LinuxRmrr extends LinuxScoped {
  readonly base: bigint;
  /** Last byte, inclusive. */
  readonly limit: bigint;
}

/** What a kernel makes of a table before it looks at any device. */
export interface LinuxDmar {
  readonly failure: LinuxFailure | null;
  /** In the order in which the kernel looks for a device's unit. */
  readonly units: readonly LinuxUnit[];
  readonly rmrrs: readonly LinuxRmrr[];
  /** ATSRs without ALL_PORTS, and SATCs: their scopes are matched, too. */
  readonly others: readonly LinuxScoped[];
  readonly complaints: ReadonlyMap<Complaint, readonly number[]>;
}

/** Where the fields are that the kernel reads, in bytes from the start of a structure (VT-d specification). */
const AT = { flags: 4, size: 5, segment: 6, base: 8, limit: 16 } as const;
/** Bytes of a structure before its device scope or name. */
const FIXED = { drhd: 16, rmrr: 24, atsr: 8, rhsa: 20, andd: 8, satc: 8 } as const;
/** Bytes of a device scope entry before its path. */
const SCOPE_HEADER = 6;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const PAGE_MASK = PAGE_SIZE - 1n;
/** The least host address width: one page. */
const LEAST_WIDTH = 11;

class Stop extends Error {
  constructor(readonly failure: LinuxFailure) {
    super(failure.reason);
  }
}

/** Reads a table as drivers/iommu/intel/dmar.c does; bytes behind its end read as 0. */
class DmarParser {
  /** Units with INCLUDE_PCI_ALL, and the others, in the order of the table. */
  readonly #catchAlls: LinuxUnit[] = [];
  readonly #selective: LinuxUnit[] = [];
  /** Bases of units, those of a segment and all. */
  readonly #ofSegment = new Set<string>();
  readonly #bases = new Set<bigint>();
  readonly rmrrs: LinuxRmrr[] = [];
  readonly others: LinuxScoped[] = [];
  readonly complaints = new Map<Complaint, number[]>();
  readonly #view: DataView;
  readonly #end: number;
  /** First bytes of the registers of the units so far, by each page that they touch. */
  readonly #mapped = new Map<bigint, bigint[]>();

  constructor(
    bytes: Uint8Array,
    readonly kernel: LinuxKernel,
    readonly memory: LinuxMemoryMap | null,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length < 8 ? 0 : Math.min(this.#view.getUint32(4, true), bytes.length);
  }

  /** In the order of the kernel's list: the last unit comes first (dmar_register_drhd_unit). */
  get units(): LinuxUnit[] {
    return [...this.#selective.toReversed(), ...this.#catchAlls];
  }

  parse(): LinuxFailure | null {
    try {
      if (this.#end < dmarHeader.fixedLength) this.#stop('header-truncated', 0);
      this.#validate();
      if (this.#u8(dmarHeader.at.hostAddressWidth) < LEAST_WIDTH) {
        this.#stop('address-width', dmarHeader.at.hostAddressWidth);
      }
      const stoppedAt = this.#walk((type, at, length) => this.#structure(type, at, length));
      if (this.#bases.size === 0) this.#stop('no-unit', 0);
      // Name-space devices are looked for in a second walk, which a length of 0 does not end.
      if (stoppedAt !== null) this.#stop('structure-loop', stoppedAt, true);
      return null;
    } catch (error) {
      if (error instanceof Stop) return error.failure;
      throw error;
    }
  }

  #stop(reason: OffReason, offset: number, hangs = false): never {
    throw new Stop({ reason, offset, hangs });
  }

  #complain(complaint: Complaint, offset: number): void {
    append(this.complaints, complaint, offset);
  }

  /** Whether the bytes up to an offset are there, so that it is known what the kernel reads. */
  #holds(end: number): boolean {
    return end <= this.#view.byteLength;
  }

  #u8(at: number): number {
    return this.#holds(at + 1) ? this.#view.getUint8(at) : 0;
  }

  #u16(at: number): number {
    return this.#u8(at) + 0x100 * this.#u8(at + 1);
  }

  #u64(at: number): bigint {
    if (this.#holds(at + 8)) return this.#view.getBigUint64(at, true);
    let value = 0n;
    for (let i = 7; i >= 0; i--) value = (value << 8n) | BigInt(this.#u8(at + i));
    return value;
  }

  /**
   * Goes through the structures (dmar_walk_remapping_entries).
   *
   * @returns the offset of a structure of length 0, which ends the walk quietly; null where there is none
   */
  #walk(visit: (type: number, at: number, length: number) => void): number | null {
    for (let at: number = dmarHeader.fixedLength; at < this.#end; ) {
      // Whatever follows the table decides over a header that is cut off.
      if (at + 4 > this.#end) return null;
      const length = this.#u16(at + 2);
      if (length === 0) return at;
      if (at + length > this.#end) this.#stop('overrun', at);
      visit(this.#u16(at), at, length);
      at += length;
    }
    return null;
  }

  /** The first look at the table, as the kernel starts (detect_intel_iommu). */
  #validate(): void {
    this.#walk((type, at) => {
      if (type !== 0 || !this.#holds(at + AT.base + 8)) return;
      const base = this.#u64(at + AT.base);
      if (base === 0n) this.#stop('base-zero', at);
      if (base === ALL_ONES) this.#stop('base-all-ones', at);
    });
  }

  #structure(type: number, at: number, length: number): void {
    const segment = this.#u16(at + AT.segment);
    const scopes = (fixed: number) => this.#scopes(at + fixed, at + length);
    const hasFlag = (this.#u8(at + AT.flags) & 1) !== 0;
    switch (type) {
      case 0:
        this.#unit(at, length, hasFlag, () => scopes(FIXED.drhd));
        break;
      case 1:
        this.#rmrr(at, segment, () => scopes(FIXED.rmrr));
        break;
      case 2:
        if (!hasFlag) this.others.push({ offset: at, segment, scopes: scopes(FIXED.atsr) });
        break;
      case 3: {
        const base = this.#u64(at + AT.base);
        if (!this.#bases.has(base)) {
          this.#complain('RHSA refers to non-existent', at);
        }
        break;
      }
      case 4:
        this.#andd(at, length);
        break;
      case 5:
        if (does(this.kernel, 'satc')) {
          this.others.push({ offset: at, segment, scopes: scopes(FIXED.satc) });
        }
    }
  }

  #unit(at: number, length: number, includesAll: boolean, scopes: () => LinuxScope[]): void {
    const base = this.#u64(at + AT.base);
    const segment = this.#u16(at + AT.segment);
    const key = `${segment}:${base}`;
    if (does(this.kernel, 'unitsMerged') && this.#ofSegment.has(key)) return;
    this.#ofSegment.add(key);
    const read = scopes();
    if (this.#holds(at + FIXED.drhd)) this.#map(base, at);
    this.#bases.add(base);
    const dead = length < FIXED.drhd || (base & PAGE_MASK) !== 0n;
    if (dead) this.#complain('No supported address widths', at);
    const unit = { offset: at, segment, base, includesAll, dead, scopes: read };
    (includesAll ? this.#catchAlls : this.#selective).push(unit);
  }

  /** Claims the page that a unit's registers begin with (map_iommu). */
  #map(base: bigint, at: number): void {
    const end = base + PAGE_SIZE;
    const pages = [...new Set([base / PAGE_SIZE, (end - 1n) / PAGE_SIZE])];
    const near = pages.flatMap((page) => this.#mapped.get(page) ?? []);
    const meets = near.some((other) => other < end && other + PAGE_SIZE > base);
    if (meets || this.memory?.taken(base, end) !== undefined) {
      this.#complain("Can't reserve memory", at);
      this.#stop('base-taken', at);
    }
    for (const page of pages) this.#mapped.set(page, [...(this.#mapped.get(page) ?? []), base]);
  }

  #rmrr(at: number, segment: number, scopes: () => LinuxScope[]): void {
    const base = this.#u64(at + AT.base);
    const limit = this.#u64(at + AT.limit);
    const shapely = (base & PAGE_MASK) === 0n && (limit & PAGE_MASK) === PAGE_MASK && limit > base;
    const placed = this.memory?.suits(base, limit, acceptsNvs(this.kernel)) ?? true;
    if (does(this.kernel, 'placeLogged')) {
      if (shapely && !placed) this.#complain('No firmware reserved region', at);
      if (!shapely || !placed) this.#complain('bad RMRR', at);
    } else if (does(this.kernel, 'placeChecked') && !placed) this.#stop('region-place', at);
    this.rmrrs.push({ offset: at, segment, base, limit, scopes: scopes() });
  }

  /** A name shorter than nothing is looked for without an end, and so found (dmar_parse_one_andd). */
  #andd(at: number, length: number): void {
    if (length < FIXED.andd) return;
    for (let i = at + FIXED.andd; i < at + length; i++) if (this.#u8(i) === 0) return;
    this.#stop('andd-name', at);
  }

  /** The device scope entries of a structure (dmar_alloc_dev_scope), each by its own length. */
  #scopes(start: number, end: number): LinuxScope[] {
    const scopes: LinuxScope[] = [];
    for (let at = start; at < end; ) {
      const type = this.#u8(at);
      const length = this.#u8(at + 1);
      if (type === 0 || type > SCOPE_ACPI_DEVICE) this.#complain('Unsupported device scope', at);
      if (length === 0) this.#stop('scope-loop', at, true);
      const hops = Math.max(0, Math.floor((length - SCOPE_HEADER) / 2));
      const hop = (i: number) => at + SCOPE_HEADER + 2 * i;
      const path = Array.from(
        { length: hops },
        (_, i) => [this.#u8(hop(i)), this.#u8(hop(i) + 1)] as const,
      );
      scopes.push({ offset: at, type, startBus: this.#u8(at + 5), path });
      at += length;
    }
    return scopes;
  }
}

/**
 * Reads a table as a kernel does: which units and regions it keeps, what it logs, and where it gives up
 * (drivers/iommu/intel/dmar.c and iommu.c).
 *
 * @param bytes the table from its signature on
 * @param memory the firmware's memory map; null where it is not known, and every place is taken to be fine
 */
export function readDmar(
  bytes: Uint8Array,
  kernel: LinuxKernel,
  memory: LinuxMemoryMap | null,
): LinuxDmar {
  const parser = new DmarParser(bytes, kernel, memory);
  const failure = parser.parse();
  const { units, rmrrs, others, complaints } = parser;
  return { failure, units, rmrrs, others, complaints };
}
