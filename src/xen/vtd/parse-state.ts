import type { Diagnostic } from '../../acpi/diagnostic.js';
import { STRUCTURE_KINDS } from '../../acpi/dmar/structures.js';
import { ERRNO } from '../hypercall/errno.js';
import type { Machine } from '../machine.js';
import { MemoryMap } from '../memory-map.js';
import type { Release } from '../releases.js';
import { originOfRmrr } from '../reported-region.js';
import type { ParseFailure } from '../stop.js';
import { TableMemory } from '../table-memory.js';
import { type NotedDevice, parseDeviceScopes } from './device-scope.js';
import { DisjointRegions } from './disjoint-regions.js';
import type { IgnoredRegion, IgnoreReason, RmrrUnit } from './units.js';

/** What the command line, or a fault of the hardware, changes about parsing. */
export interface ParseOptions {
  readonly force_iommu: boolean;
  readonly workaround_bios_bug: boolean;
  /** A DRHD whose registers read all ones: its place among those of the table, or its address. */
  readonly dead_drhd?: number | bigint | undefined;
}

/** A structure being parsed, by where it lies and what it claims. */
export interface StructureAt {
  readonly type: number;
  readonly offset: number;
  /** Bytes, header included. */
  readonly length: number;
}

/** A structure's name for a sentence. */
const structureName = (type: number): string =>
  STRUCTURE_KINDS[type]?.name ?? `structure of type ${type}`;

/** What parsing a table knows while it goes from structure to structure. */
export class ParseState {
  readonly memory: TableMemory;
  readonly memoryMap: MemoryMap | null;
  /** Registered so far, in the order of the table. */
  readonly units: RmrrUnit[] = [];
  /** The same by address. */
  readonly regions = new DisjointRegions<RmrrUnit>();
  readonly ignored: IgnoredRegion[] = [];
  readonly diagnostics: Diagnostic[] = [];
  failure: ParseFailure | null = null;
  /** RMRRs met. */
  rmrrs = 0;
  /** DRHDs met, those Xen made room for, and those registered. */
  readonly drhds = { met: 0, allocated: 0, registered: 0 };
  /** Flags of which segment 0 may have one each. */
  readonly seen = { includePciAll: false, allPorts: false };

  constructor(
    bytes: Uint8Array,
    readonly machine: Machine,
    readonly release: Release,
    readonly options: ParseOptions,
  ) {
    this.memory = new TableMemory(bytes);
    this.memoryMap = machine.memoryMap === null ? null : new MemoryMap(machine.memoryMap);
  }

  /** Notes why the table is given up; false, so that a parser can return it. */
  fail({ offset, length }: Omit<StructureAt, 'type'>, errno: number, message: string): false {
    this.failure = { rc: -errno, offset, length, message };
    return false;
  }

  /** Whether a structure has the length it needs; else it fails (acpi_dmar_check_length). */
  hasLength(at: StructureAt, least: number): boolean {
    return (
      at.length >= least ||
      this.fail(
        at,
        ERRNO.EINVAL,
        `The ${structureName(at.type)} at offset ${at.offset} claims a length of ${at.length} bytes, less than the ${least} it needs.`,
      )
    );
  }

  /**
   * Reads the scopes behind a structure's fixed part of so many bytes.
   *
   * @returns null where they fail, which is noted
   */
  parseScopes(
    at: StructureAt,
    fixedLength: number,
    segment: number,
  ): { devices: NotedDevice[]; entryTypes: number[] } | null {
    const result = parseDeviceScopes(
      this.memory,
      at.offset + fixedLength,
      at.offset + at.length,
      segment,
      this.machine,
      this.release,
    );
    if ('devices' in result) return result;
    const where = `In the ${structureName(at.type)} at offset ${at.offset}`;
    this.fail(at, -result.rc, `${where}, ${result.message}.`);
    return null;
  }

  /** Notes why a region is not among the units. */
  ignore(
    { rmrr, base_address, end_address }: Omit<IgnoredRegion, 'origin' | 'reason' | 'message'>,
    reason: IgnoreReason,
    message: string,
  ): void {
    const origin = originOfRmrr(rmrr);
    this.ignored.push({ rmrr, origin, base_address, end_address, reason, message });
  }
}
