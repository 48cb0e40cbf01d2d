import { type DeviceEntry, entryTypeName, lengthOfEntry } from '../../acpi/ivrs/device-entry.js';
import type { Ivhd } from '../../acpi/ivrs/ivhd.js';
import { hex } from '../../base/hex.js';
import { xenWithoutIommu } from '../consequence.js';
import type { Consequence } from '../rule.js';
import { range } from '../wording.js';
import type { PlacedIvmd, Subject } from './subject.js';

/** What becomes of the IOMMU where Xen's parser fails; with x2APIC it is worse. */
export const XEN_REFUSES: Consequence<Subject> = xenWithoutIommu(
  'the table is refused with -ENODEV: the IOMMU is off, and machines with x2APIC do not boot',
);

/** `IVHD of type 11h at offset 116`. */
export const ivhdName = ({ type, offset }: Ivhd): string =>
  `IVHD of type ${type.toString(16)}h at offset ${offset}`;

/** `start of range at offset 88`. */
export const entryName = ({ type, offset }: DeviceEntry): string =>
  type in NAMED ? `${entryTypeName(type)} at offset ${offset}` : `device entry at offset ${offset}`;

const NAMED: Readonly<Record<number, true>> = { 1: true, 3: true, 4: true, 67: true, 71: true };

/** A device entry as a place in the table. */
export const placeOf = (entry: DeviceEntry): { offset: number; length: number } => ({
  offset: entry.offset,
  length: lengthOfEntry(entry),
});

/** The region of an IVMD for sentences. */
export const regionText = ({ block, limit }: PlacedIvmd): string =>
  block.memoryLength === 0n
    ? `at ${hex(block.startAddress)}`
    : range(block.startAddress, BigInt.asUintN(64, limit));
