import { type FlagBits, layout } from '../layout.js';
import { deviceEntries } from './device-entry.js';
import { deviceIdText } from './device-id.js';

/** Flags of an IVHD of type 11h or 40h (AMD I/O virtualization specification, "I/O Virtualization Hardware Definition (IVHD) Block"). */
const IVHD_FLAGS = {
  HtTunEn: 0,
  PassPW: 1,
  ResPassPW: 2,
  Isoc: 3,
  IotlbSup: 4,
  Coherent: 5,
} as const satisfies FlagBits;

/** Flags of an IVHD of type 10h. */
const IVHD10_FLAGS = {
  ...IVHD_FLAGS,
  PreFSup: 6,
  PPRSup: 7,
} as const satisfies FlagBits;

/** The MSI number that the IOMMU itself uses, and its HyperTransport unit. */
const IVHD_INFO = { MsiNum: [0, 4], UnitID: [8, 12] } as const satisfies FlagBits;

/** What an IVHD of type 10h reports of its IOMMU's features. */
export const FEATURE_REPORTING = {
  XTSup: 0,
  NXSup: 1,
  GTSup: 2,
  GLXSup: [3, 4],
  IASup: 5,
  GASup: 6,
  HESup: 7,
  PASMax: [8, 12],
  PNCounters: [13, 16],
  PNBanks: [17, 22],
  MsiNumPPR: [23, 27],
  GATS: [28, 29],
  HATS: [30, 31],
} as const satisfies FlagBits;

/** Attributes of an IOMMU, in an IVHD of type 11h or 40h. */
const IVHD_ATTRIBUTES = {
  PNCounters: [13, 16],
  PNBanks: [17, 22],
  MsiNumPPR: [23, 27],
} as const satisfies FlagBits;

/** The Extended Feature Register (AMD I/O virtualization specification, "IOMMU Extended Feature Register", MMIO offset 30h). */
export const EFR = {
  PreFSup: 0,
  PPRSup: 1,
  XTSup: 2,
  NXSup: 3,
  GTSup: 4,
  GappiSup: 5,
  IASup: 6,
  GASup: 7,
  HESup: 8,
  PCSup: 9,
  HATS: [10, 11],
  GATS: [12, 13],
  GLXSup: [14, 15],
  SmiFSup: [16, 17],
  SmiFRC: [18, 20],
  GAMSup: [21, 23],
  DualPprLogSup: [24, 25],
  DualEventLogSup: [28, 29],
  SATSSup: 31,
  PASMax: [32, 36],
  USSup: 37,
  DevTblSegSup: [38, 39],
  PprOvrflwEarlySup: 40,
  PPRAutoRspSup: 41,
  MarcSup: [42, 43],
  BlkStopMrkSup: 44,
  PerfOptSup: 45,
  MsiCapMmioSup: 46,
  GIOSup: 48,
  HASup: 49,
  EPHSup: 50,
  AttrFWSup: 51,
  HDSup: 52,
  InvIotlbTypeSup: 54,
  VIommuSup: 55,
  VmGuardIOSup: 56,
  VmTableSize: [57, 60],
  GAUpdateDisSup: 61,
  ForcePhyDestSup: 62,
  SNPSup: 63,
} as const satisfies FlagBits;

/**
 * An IOMMU and the devices behind it, in the first form: type 10h (AMD I/O virtualization specification, "I/O
 * Virtualization Hardware Definition (IVHD) Block").
 */
export const ivhd10 = layout((f) => ({
  type: f.u8(),
  name: f.constant('IVHD'),
  offset: f.position(),
  flags: f.flags(IVHD10_FLAGS),
  length: f.u16(),
  /** The IOMMU's own. */
  deviceId: f.u16(deviceIdText),
  /** Of its capability block in configuration space. */
  capabilityOffset: f.u16(),
  /** Of its registers. */
  baseAddress: f.u64(),
  segment: f.u16(),
  info: f.flags16(IVHD_INFO),
  featureReporting: f.flags32(FEATURE_REPORTING),
  deviceEntries: f.list(deviceEntries),
  trailing: f.rest(),
}));

/** An IOMMU and the devices behind it with the image of its extended features: types 11h and 40h. */
export const ivhd11 = layout((f) => ({
  type: f.u8(),
  name: f.constant('IVHD'),
  offset: f.position(),
  flags: f.flags(IVHD_FLAGS),
  length: f.u16(),
  /** The IOMMU's own. */
  deviceId: f.u16(deviceIdText),
  /** Of its capability block in configuration space. */
  capabilityOffset: f.u16(),
  /** Of its registers. */
  baseAddress: f.u64(),
  segment: f.u16(),
  info: f.flags16(IVHD_INFO),
  attributes: f.flags32(IVHD_ATTRIBUTES),
  efrImage: f.flags64(EFR),
  /** Of Extended Feature Register 2; reserved in older specifications. */
  efrImage2: f.flags64({}),
  deviceEntries: f.list(deviceEntries),
  trailing: f.rest(),
}));

export type Ivhd10 = ReturnType<typeof ivhd10.decode>;
export type Ivhd11 = ReturnType<typeof ivhd11.decode>;

/** An IVHD in any of its forms. */
export type Ivhd = Ivhd10 | Ivhd11;

/** Types of IVHD blocks: software takes the highest it understands of those that an IOMMU is described in. */
export const IVHD_TYPE = { basic: 0x10, efr: 0x11, acpi: 0x40 } as const;
