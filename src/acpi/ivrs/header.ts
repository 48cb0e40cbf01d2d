import { type FlagBits, layout } from '../layout.js';

/**
 * IVinfo: EFRSup says that the feature fields of the IVHDs may be believed, DMARemapSup that DMA is remapped
 * before the system boots; sizes are in bits, but GVASize 2 means 48 (AMD I/O virtualization specification,
 * "I/O Virtualization Reporting Structure (IVRS)").
 */
export const IV_INFO = {
  EFRSup: 0,
  DMARemapSup: 1,
  GVASize: [5, 7],
  PASize: [8, 14],
  VASize: [15, 21],
  HtAtsResv: 22,
} as const satisfies FlagBits;

/** Header of the IVRS table, 48 bytes (AMD I/O virtualization specification, "I/O Virtualization Reporting Structure (IVRS)"). */
export const ivrsHeader = layout((f) => ({
  signature: f.ascii(4),
  length: f.u32(),
  revision: f.u8(),
  checksum: f.u8(),
  oemId: f.ascii(6),
  oemTableId: f.ascii(8),
  oemRevision: f.u32(),
  creatorId: f.ascii(4),
  creatorRevision: f.u32(),
  ivInfo: f.flags32(IV_INFO),
  reserved: f.bytesOf(8),
}));

export type IvrsHeader = ReturnType<typeof ivrsHeader.decode>;
