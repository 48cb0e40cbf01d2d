import { formatSize } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { type FlagBits, layout, type Meaning } from '../layout.js';
import { deviceIdText } from './device-id.js';

/** Flags of an IVMD (AMD I/O virtualization specification, "I/O Virtualization Memory Definition (IVMD) Block"). */
export const IVMD_FLAGS = {
  Unity: 0,
  IR: 1,
  IW: 2,
  ExclusionRange: 3,
} as const satisfies FlagBits;

/** Types of IVMD blocks. The last is in no specification of today, but Xen reads it. */
export const IVMD_TYPE = { all: 0x20, device: 0x21, range: 0x22, iommu: 0x23 } as const;

/** Size of the region and its last byte. */
const memorySize: Meaning<bigint> = (length, { startAddress: start }) =>
  length === 0n
    ? 'nothing'
    : `${formatSize(length)}, last byte ${hex((start as bigint) + length - 1n)}`;

/** What the auxiliary data is for. */
const auxiliary: Meaning = (value, { type }) =>
  type === IVMD_TYPE.range ? deviceIdText(value) : '';

/**
 * Memory that firmware keeps for devices: types 20h to 23h (AMD I/O virtualization specification, "I/O
 * Virtualization Memory Definition (IVMD) Block").
 */
export const ivmd = layout((f) => ({
  type: f.u8(),
  name: f.constant('IVMD'),
  offset: f.position(),
  flags: f.flags(IVMD_FLAGS),
  length: f.u16(),
  /** 21h: the device; 22h: the first of the range; 23h: the IOMMU's; else reserved. */
  deviceId: f.u16(deviceIdText),
  /** 22h: the last device of the range; 23h: the IOMMU's capability offset; else reserved. */
  auxiliaryData: f.u16(auxiliary),
  /** Reserved in older specifications, and read by Linux alone. */
  segment: f.u16(),
  reserved: f.bytesOf(6),
  startAddress: f.u64(),
  /** In bytes, not the last address. */
  memoryLength: f.u64(memorySize),
  trailing: f.rest(),
}));

export type Ivmd = ReturnType<typeof ivmd.decode>;
