import { type FlagBits, layout } from '../layout.js';

/** Flags of the DMAR table as a whole (VT-d specification, "DMA Remapping Reporting Structure"). */
export const DMAR_FLAGS = {
  INTR_REMAP: 0,
  X2APIC_OPT_OUT: 1,
  DMA_CTRL_PLATFORM_OPT_IN_FLAG: 2,
} as const satisfies FlagBits;

/** Signatures a DMAR table is found under: firmware's own, and those Xen hides it from dom0 with. */
export const DMAR_SIGNATURES: readonly string[] = ['DMAR', 'RMAD', 'XMAR'];

/** Host address width in bits; the table holds one less. */
export const hostAddressWidthBits = (value: number): string => `${value + 1} bits`;

/** Header of the DMAR table, 48 bytes (VT-d specification, "DMA Remapping Reporting Structure"). */
export const dmarHeader = layout((f) => ({
  signature: f.ascii(4),
  length: f.u32(),
  revision: f.u8(),
  checksum: f.u8(),
  oemId: f.ascii(6),
  oemTableId: f.ascii(8),
  oemRevision: f.u32(),
  creatorId: f.ascii(4),
  creatorRevision: f.u32(),
  /** Number of address bits less one. */
  hostAddressWidth: f.u8(hostAddressWidthBits),
  flags: f.flags(DMAR_FLAGS),
  reserved: f.bytesOf(10),
}));

export type DmarHeader = ReturnType<typeof dmarHeader.decode>;
