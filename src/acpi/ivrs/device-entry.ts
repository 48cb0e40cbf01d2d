import { hex } from '../../base/hex.js';
import { type EntryList, type FlagBits, type Layout, layout, type Reader } from '../layout.js';
import { deviceIdText } from './device-id.js';

/** What a device entry's data setting lets pass (AMD I/O virtualization specification, "IVHD Device Entries"). */
const DATA_SETTING = {
  INITPass: 0,
  EIntPass: 1,
  NMIPass: 2,
  SysMgt: [4, 5],
  LINT0Pass: 6,
  LINT1Pass: 7,
} as const satisfies FlagBits;

/** Bits of an extended entry's data. */
const EXTENDED_DATA = { ATSDisabled: 31 } as const satisfies FlagBits;

/** Types of device entries by what they are (AMD I/O virtualization specification, "IVHD Device Entries"). */
export const ENTRY = {
  padding: 0x00,
  all: 0x01,
  select: 0x02,
  rangeStart: 0x03,
  rangeEnd: 0x04,
  padding8: 0x40,
  aliasSelect: 0x42,
  aliasRangeStart: 0x43,
  extendedSelect: 0x46,
  extendedRangeStart: 0x47,
  special: 0x48,
  acpi: 0xf0,
} as const;

/** What a device entry's type says. */
export const ENTRY_NAMES: Readonly<Record<number, string>> = {
  [ENTRY.padding]: 'padding',
  [ENTRY.all]: 'all devices',
  [ENTRY.select]: 'device',
  [ENTRY.rangeStart]: 'start of range',
  [ENTRY.rangeEnd]: 'end of range',
  [ENTRY.padding8]: 'padding',
  [ENTRY.aliasSelect]: 'alias device',
  [ENTRY.aliasRangeStart]: 'start of alias range',
  [ENTRY.extendedSelect]: 'extended device',
  [ENTRY.extendedRangeStart]: 'start of extended range',
  [ENTRY.special]: 'special device',
  [ENTRY.acpi]: 'ACPI device',
};

/** Name of a device entry's type; says so where the specification has none. */
export const entryTypeName = (type: number): string => ENTRY_NAMES[type] ?? 'unknown';

/** What a special device is. */
export const VARIETY = { ioApic: 1, hpet: 2 } as const;

const VARIETY_NAMES: Readonly<Record<number, string>> = {
  [VARIETY.ioApic]: 'I/O APIC',
  [VARIETY.hpet]: 'HPET',
};

/** Name of a special device's variety. */
export const varietyName = (variety: number): string => VARIETY_NAMES[variety] ?? 'unknown variety';

/** A device entry of 4 bytes: padding, one device, all, or an end of a range. */
export const plainEntry = layout((f) => ({
  type: f.u8(entryTypeName),
  offset: f.position(),
  deviceId: f.u16(deviceIdText),
  dataSetting: f.flags(DATA_SETTING),
}));

/** A device, or the start of a range of such, that issues its requests under another ID. */
const aliasEntry = layout((f) => ({
  type: f.u8(entryTypeName),
  offset: f.position(),
  deviceId: f.u16(deviceIdText),
  dataSetting: f.flags(DATA_SETTING),
  reserved: f.u8(),
  /** Under which requests are issued. */
  sourceDeviceId: f.u16(deviceIdText),
  reserved2: f.u8(),
}));

/** A device, or the start of a range of such, with further settings. */
const extendedEntry = layout((f) => ({
  type: f.u8(entryTypeName),
  offset: f.position(),
  deviceId: f.u16(deviceIdText),
  dataSetting: f.flags(DATA_SETTING),
  extendedData: f.flags32(EXTENDED_DATA),
}));

/** An I/O APIC or HPET. */
export const specialEntry = layout((f) => ({
  type: f.u8(entryTypeName),
  offset: f.position(),
  /** Reserved, 0. */
  deviceId: f.u16(),
  dataSetting: f.flags(DATA_SETTING),
  /** ID of the I/O APIC, or number of the HPET. */
  handle: f.u8(),
  /** Under which its requests are issued. */
  sourceDeviceId: f.u16(deviceIdText),
  variety: f.u8(varietyName),
}));

/** Meaning of the format of a unique ID. */
const UID_FORMATS: Readonly<Record<number, string>> = { 0: 'none', 1: 'integer', 2: 'text' };

/** A device of the ACPI name space; only in blocks of type 40h. */
const acpiEntry = layout((f) => ({
  type: f.u8(entryTypeName),
  offset: f.position(),
  deviceId: f.u16(deviceIdText),
  dataSetting: f.flags(DATA_SETTING),
  hardwareId: f.ascii(8),
  compatibleId: f.ascii(8),
  uidFormat: f.u8((format) => UID_FORMATS[format] ?? 'unknown'),
  /** Bytes of the unique ID. */
  uidLength: f.u8(),
  uid: f.rest(),
}));

/** An entry of 8 bytes or more of which no more is known than its length, and padding of 8 bytes. */
const otherEntry = layout((f) => ({
  type: f.u8(entryTypeName),
  offset: f.position(),
  deviceId: f.u16(deviceIdText),
  dataSetting: f.flags(DATA_SETTING),
  data: f.rest(),
}));

export type PlainEntry = ReturnType<typeof plainEntry.decode>;
export type AliasEntry = ReturnType<typeof aliasEntry.decode>;
export type ExtendedEntry = ReturnType<typeof extendedEntry.decode>;
export type SpecialEntry = ReturnType<typeof specialEntry.decode>;
export type AcpiEntry = ReturnType<typeof acpiEntry.decode>;
export type OtherEntry = ReturnType<typeof otherEntry.decode>;

/** Any device entry; `type` tells which. */
export type DeviceEntry =
  | PlainEntry
  | AliasEntry
  | ExtendedEntry
  | SpecialEntry
  | AcpiEntry
  | OtherEntry;

const LAYOUTS: Readonly<Record<number, Layout<DeviceEntry>>> = {
  [ENTRY.aliasSelect]: aliasEntry,
  [ENTRY.aliasRangeStart]: aliasEntry,
  [ENTRY.extendedSelect]: extendedEntry,
  [ENTRY.extendedRangeStart]: extendedEntry,
  [ENTRY.special]: specialEntry,
  [ENTRY.acpi]: acpiEntry,
} as Readonly<Record<number, unknown>> as Readonly<Record<number, Layout<DeviceEntry>>>;

/** Least bytes of a device entry. */
const ENTRY_LEAST = 4;

/** The layout that entries of a type have: types without one are kept byte for byte. */
export const entryLayout = (type: number): Layout<DeviceEntry> =>
  LAYOUTS[type] ??
  ((type < 0x40 ? plainEntry : otherEntry) as Layout<PlainEntry> as Layout<DeviceEntry>);

/**
 * Bytes of an entry: the two top bits of its type tell, but an ACPI device's own field does (AMD I/O
 * virtualization specification, "IVHD Device Entries").
 *
 * @param uidLength of an ACPI device, 0 where that is not known
 */
const entryLength = (type: number, uidLength = 0): number =>
  type === ENTRY.acpi ? acpiEntry.fixedLength + uidLength : ENTRY_LEAST << (type >> 6);

/** Bytes of a decoded entry. */
export const lengthOfEntry = (entry: DeviceEntry): number =>
  entryLength(entry.type, 'uid' in entry ? entry.uid.length : 0);

/**
 * Device entries up to the end of the block. Reading stops before one that runs past the block; its bytes are
 * left to `rest`.
 */
export const deviceEntries: EntryList<DeviceEntry> = {
  layoutOf: ({ type }) => entryLayout(type),
  read(reader) {
    const { bytes, end } = reader;
    const entries: DeviceEntry[] = [];
    while (reader.pos + ENTRY_LEAST <= end) {
      const type = bytes[reader.pos] as number;
      const uidLengthAt = reader.pos + acpiEntry.at.uidLength;
      const length = entryLength(type, uidLengthAt < end ? bytes[uidLengthAt] : 0);
      if (reader.pos + length > end) {
        const message = `The device entry at offset ${reader.pos} has type ${hex(type, 2)} and so ${length} bytes, but its block ends after ${end - reader.pos}.`;
        complain(reader, 'ivrs-entry-overrun', message);
        return entries;
      }
      entries.push(reader.nested(entryLayout(type), length));
    }
    if (reader.pos < end) {
      const message = `The last ${end - reader.pos} bytes of the block, at offset ${reader.pos}, are too few for a device entry.`;
      complain(reader, 'ivrs-entry-truncated', message);
    }
    return entries;
  },
};

/** Notes what is wrong with the bytes from the reader's position to the end of the block. */
function complain({ diagnostics, pos, end }: Reader, code: string, message: string): void {
  diagnostics.push({ code, severity: 'error', offset: pos, length: end - pos, message });
}
