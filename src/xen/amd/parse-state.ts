import type { Diagnostic } from '../../acpi/diagnostic.js';
import type { OptionOrigin, TableOrigin } from '../../regions/region.js';
import type { IommuSettings } from '../iommu-option.js';
import type { MemoryMap } from '../memory-map.js';
import type { Release } from '../releases.js';
import type { TableMemory } from '../table-memory.js';
import type { IgnoredRegion, IgnoreReason } from '../vtd/units.js';
import type { IoApics } from './io-apics.js';
import type { FoundIommus } from './iommus.js';
import type { IvrsMappings } from './mappings.js';

/** A memory region to register, be it an IVMD's or an option's. */
export interface MemoryBlock {
  /** 20h for all devices, 21h for one, 22h for a range, 23h for those behind an IOMMU. */
  readonly type: number;
  /** Bit 0 unity, 1 read, 2 write, 3 exclusion. */
  readonly flags: number;
  readonly deviceId: number;
  readonly auxiliary: number;
  readonly start: bigint;
  /** In bytes. */
  readonly memoryLength: bigint;
  readonly origin: TableOrigin | OptionOrigin;
}

/** What parsing a table knows while it goes from block to block. */
export interface ParseState {
  readonly memory: TableMemory;
  readonly found: FoundIommus;
  readonly release: Release;
  readonly iommu: IommuSettings;
  /** null: unknown, so that all of it counts as reserved. */
  readonly memoryMap: MemoryMap | null;
  /** Device IDs of segment 0; null where no IOMMU is on that segment. */
  readonly mappings: IvrsMappings | null;
  readonly ioApics: IoApics;
  /** Number of device IDs that there is room for. */
  readonly bdfEntries: number;
  /** Regions that are in use, at least for some of their devices, in the order of registering. */
  readonly registered: MemoryBlock[];
  readonly ignored: IgnoredRegion[];
  readonly diagnostics: Diagnostic[];
}

/** Bounds of a block's region, inclusive; modulo 2^64 as Xen counts. */
export const boundsOf = ({ start, memoryLength }: Pick<MemoryBlock, 'start' | 'memoryLength'>) => ({
  base_address: start,
  end_address: BigInt.asUintN(64, start + memoryLength - 1n),
});

/** Notes why a region is not registered, or not for all its devices. */
export function ignore(
  { ignored }: Pick<ParseState, 'ignored'>,
  block: MemoryBlock,
  reason: IgnoreReason,
  message: string,
): void {
  ignored.push({ rmrr: null, origin: block.origin, ...boundsOf(block), reason, message });
}
