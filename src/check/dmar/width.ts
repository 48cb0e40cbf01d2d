import type { DmarHeader } from '../../acpi/dmar/header.js';

/** Whether a host address width has room for a page at all. */
export const isUsableWidth = ({ hostAddressWidth }: DmarHeader): boolean => hostAddressWidth >= 11;

/**
 * Whether an address fits the host address width, whose field holds the number of bits less one. A width
 * that is of no use says nothing about addresses.
 */
export const isAddressable = (header: DmarHeader, address: bigint): boolean =>
  !isUsableWidth(header) || address >> BigInt(header.hostAddressWidth + 1) === 0n;
