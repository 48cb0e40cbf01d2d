import type { Sbdf } from '../base/sbdf.js';
import type { LinuxFailure } from './dmar.js';

/** A region that the kernel finds a function to have. */
export interface LinuxRegion {
  /** First byte. */
  readonly base: bigint;
  /** Last byte, inclusive. */
  readonly limit: bigint;
}

/** A PCI function as the kernel knows it. */
export interface LinuxFunction {
  readonly address: Sbdf;
  /** 24 bits: base class, subclass, programming interface; null where it is not known. */
  readonly classCode: number | null;
  /** The function that this one is a virtual function of. */
  readonly physicalFunction: Sbdf | null;
}

/** What a kernel's IOMMU driver makes of a machine: one implementation a vendor. */
export interface LinuxIommu {
  readonly vendor: 'Intel' | 'AMD';
  /** Why the kernel makes no use of the hardware; null where it does. */
  readonly failure: LinuxFailure | null;
  /** Whether the table has a unit of a PCI segment at all. */
  hasUnitOf(segment: number): boolean;
  /** Whether a unit serves a function, so that it gets an IOMMU group; null where that is not known. */
  serves(fn: LinuxFunction): boolean | null;
  /** The regions that it keeps mapped for a function, in the order in which it finds them. */
  regionsOf(fn: LinuxFunction): readonly LinuxRegion[];
}
