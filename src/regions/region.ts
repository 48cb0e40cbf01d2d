import type { Sbdf } from '../base/sbdf.js';

/** The structure of a firmware table that a region comes from. */
export interface TableOrigin {
  readonly table: 'DMAR' | 'IVRS';
  readonly structure: 'RMRR' | 'IVMD';
  /** Place among the table's structures of that name, from 0. */
  readonly index: number;
  /** Of the structure in the table, in bytes. */
  readonly offset: number;
}

/** The option of Xen's command line that a region comes from. */
export interface OptionOrigin {
  /** `dbgp`: memory of Xen's own, which the option's device uses. */
  readonly option: 'rmrr' | 'ivmd' | 'dbgp';
}

/** The line of a log that a region was read from. */
export interface LogOrigin {
  /** Who logged it. */
  readonly log: 'Linux' | 'Xen' | 'listing';
  /** From 1. */
  readonly line: number;
}

/** Where a region comes from. */
export type Origin = TableOrigin | OptionOrigin | LogOrigin;

/** Memory that firmware keeps for devices, whoever says so. */
export interface ReservedRegion {
  /** First byte. */
  readonly base: bigint;
  /** Last byte, inclusive. */
  readonly limit: bigint;
  /** The functions that use it; null where that is not known, as in most logs. */
  readonly devices: readonly Sbdf[] | null;
  readonly origin: Origin;
}

/** A region that touches a function, and what of its table makes it so. */
export interface RegionUse {
  readonly region: ReservedRegion;
  /** The function that the table names: the one touched, or a bridge above it. */
  readonly named: Sbdf;
  /** Whether the one touched is below the function named, and not that function itself. */
  readonly below: boolean;
}

/** Which regions of a machine touch which of its functions. */
export interface RegionUses {
  /** In the order of the table. */
  readonly regions: readonly ReservedRegion[];
  /** How many of the table's entries lead to no known function. */
  readonly unresolved: number;
  /** Functions that the table names for a region, in its order, whether the machine has them or not. */
  named(): Sbdf[];
  /** The regions that touch a function, each once, in the order of the table. */
  touching(address: Sbdf): RegionUse[];
}
