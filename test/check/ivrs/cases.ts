import { type HostFacts, NO_HOST } from '../../../src/check/rule.js';
import { tableOf } from '../../support/tables.js';
import { memoryMapOf } from '../../support/vectors.js';

/** A table, and what is known of its machine. */
export interface Case {
  bytes: Uint8Array;
  host: HostFacts;
}

interface Pair {
  /** Triggers the rule and no other. */
  bad: Case;
  /** As near to it as can be, and in order. */
  good: Case;
}

type Json = Record<string, unknown>;

const ioApic = (handle: number, sourceDevice: string, variety = 1): Json => ({
  name: 'special device',
  handle,
  variety,
  sourceDevice,
});
const SOUTH_BRIDGE = ioApic(33, '00:14.0');
const RANGE = '00:01.0-ff:1f.6';
const IVHD: Json = {
  name: 'IVHD',
  type: '0x11',
  device: '00:00.2',
  capabilityOffset: 0x40,
  baseAddress: '0xfd200000',
  devices: [RANGE, SOUTH_BRIDGE],
};
const FORM_10: Json = { ...IVHD, type: '0x10' };
const FORM_40: Json = { ...IVHD, type: '0x40' };
const IVMD: Json = {
  name: 'IVMD',
  device: '03:00.0',
  flags: 7,
  startAddress: '0x97b98000',
  memoryLength: '0x2000',
};
/** 48 bits of physical and 64 of DMA addresses, EFR. */
const IV_INFO = '0x203041';

/** A table of these blocks; the header may be changed. */
const table = (structures: readonly Json[], header: Json = {}): Case => ({
  bytes: tableOf({ header: { signature: 'IVRS', ivInfo: IV_INFO, ...header }, structures }),
  host: NO_HOST,
});
const usual = (...more: Json[]): Case => table([IVHD, ...more]);
const ivhd = (changes: Json): Case => table([{ ...IVHD, ...changes }]);
const devices = (...entries: unknown[]): Case => ivhd({ devices: [...entries, SOUTH_BRIDGE] });
const region = (changes: Json): Case => usual({ ...IVMD, ...changes });

/** A case with bytes changed after it was made. */
const edited = ({ bytes, host }: Case, edit: (bytes: Uint8Array) => Uint8Array): Case => ({
  bytes: edit(Uint8Array.from(bytes)),
  host,
});
/** With the checksum put right. */
const summed = (bytes: Uint8Array): Uint8Array => {
  bytes[9] = 0;
  bytes[9] = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return bytes;
};
const patched = (from: Case, offset: number, value: number): Case =>
  edited(from, (bytes) => {
    bytes[offset] = value;
    return summed(bytes);
  });
/** A case on a machine whose memory map has ranges of [start, end exclusive, type]. */
const mapped = ({ bytes }: Case, ...e820: [string, string, number][]): Case => ({
  bytes,
  host: {
    ...NO_HOST,
    memoryMap: memoryMapOf({
      pci: [],
      e820: e820.map(([start, end, type]) => ({ start, end, type })),
    }),
  },
});
const withIoApics = ({ bytes }: Case, ...ioApics: number[]): Case => ({
  bytes,
  host: { ...NO_HOST, ioApics },
});

const FULL = usual(IVMD);
const ACPI: Json = {
  name: 'ACPI device',
  device: '00:14.5',
  hardwareId: 'AMDI0020',
  uidFormat: 2,
  uid: '5c5f5342',
};

/** For each rule a table that breaks it and one that just does not. */
export const CASES: Readonly<Record<string, Pair>> = {
  'ivrs-table-header-truncated': {
    bad: edited(FULL, (bytes) => bytes.subarray(0, 47)),
    good: FULL,
  },
  'ivrs-table-signature': { bad: patched(FULL, 3, 0x54), good: FULL },
  'ivrs-table-length-beyond-bytes': {
    bad: edited(FULL, (bytes) => {
      bytes[4] = (bytes[4] as number) + 1;
      return bytes;
    }),
    good: FULL,
  },
  'ivrs-table-length-short': { bad: table([], { length: 47 }), good: FULL },
  'ivrs-table-trailing-bytes': {
    bad: edited(FULL, (bytes) => Uint8Array.of(...bytes, 0)),
    good: FULL,
  },
  'ivrs-table-checksum': {
    bad: edited(FULL, (bytes) => {
      bytes[24] = 77;
      return bytes;
    }),
    good: FULL,
  },
  'ivrs-table-reserved': { bad: patched(FULL, 47, 1), good: FULL },
  'ivrs-address-size': {
    bad: table([IVHD], { ivInfo: 0x201041 }),
    good: table([IVHD], { ivInfo: 0x202041 }),
  },
  'ivrs-no-ivhd': { bad: table([IVMD]), good: FULL },
  'ivrs-no-ivhd-for-xen': { bad: table([FORM_40]), good: table([FORM_10, FORM_40]) },
  'ivrs-block-length-zero': { bad: usual({ ...IVMD, length: 0 }), good: FULL },
  'ivrs-block-length-short': {
    bad: usual({ name: 'unknown', type: '0x21', data: '00'.repeat(27) }),
    good: FULL,
  },
  'ivrs-block-length-overrun': { bad: usual({ ...IVMD, length: 33 }), good: FULL },
  'ivrs-block-header-truncated': {
    bad: edited(FULL, (bytes) => {
      const longer = Uint8Array.of(...bytes, 0x20, 0, 0);
      longer[4] = longer.length;
      return summed(longer);
    }),
    good: FULL,
  },
  'ivrs-block-unknown-type': {
    bad: usual({ name: 'unknown', type: '0x51', data: '00000000' }),
    good: FULL,
  },
  'ivrs-block-reserved': { bad: region({ reserved: '000000000001' }), good: FULL },
  'ivrs-ivhd-short-for-xen': {
    bad: table([{ ...FORM_10, devices: [SOUTH_BRIDGE] }], { ivInfo: 0x203040 }),
    good: table([{ ...FORM_10, devices: [RANGE, SOUTH_BRIDGE] }], { ivInfo: 0x203040 }),
  },
  'ivrs-ivhd-zero': { bad: ivhd({ capabilityOffset: 0 }), good: ivhd({ capabilityOffset: 1 }) },
  'ivrs-ivhd-base-unaligned': {
    bad: ivhd({ baseAddress: '0xfd202000' }),
    good: ivhd({ baseAddress: '0xfd204000' }),
  },
  'ivrs-ivhd-duplicate': {
    bad: table([IVHD, { ...IVHD, devices: [RANGE] }]),
    good: table([FORM_10, IVHD]),
  },
  'ivrs-ivhd-forms-differ': {
    bad: table([{ ...FORM_10, devices: ['00:02.0-ff:1f.6', SOUTH_BRIDGE] }, IVHD]),
    good: table([FORM_10, IVHD, { ...FORM_40, devices: [RANGE, SOUTH_BRIDGE, ACPI] }]),
  },
  'ivrs-entry-overrun': {
    // A range's end becomes an entry of 32 bytes.
    bad: table([IVHD, { ...FORM_40, devices: ['00:01.0-ff:1f.6'], trailing: '4200' + '0000' }]),
    good: FULL,
  },
  'ivrs-entry-truncated': { bad: ivhd({ trailing: '0200' }), good: FULL },
  'ivrs-entry-unknown-type': {
    bad: devices(RANGE, { type: '0x05', device: '00:01.0' }),
    good: devices(RANGE, { type: '0x00' }),
  },
  'ivrs-entry-all': { bad: devices({ name: 'all devices' }), good: devices(RANGE) },
  'ivrs-entry-acpi-misplaced': {
    bad: devices(RANGE, ACPI),
    good: table([IVHD, { ...FORM_40, devices: [RANGE, SOUTH_BRIDGE, ACPI] }]),
  },
  'ivrs-entry-uid': {
    bad: table([
      IVHD,
      { ...FORM_40, devices: [RANGE, SOUTH_BRIDGE, { ...ACPI, uidFormat: 1, uid: '0100' }] },
    ]),
    good: table([
      IVHD,
      {
        ...FORM_40,
        devices: [RANGE, SOUTH_BRIDGE, { ...ACPI, uidFormat: 1, uid: '0100000000000000' }],
      },
    ]),
  },
  'ivrs-entry-reserved': {
    bad: devices(RANGE, {
      name: 'alias device',
      device: '01:00.0',
      sourceDevice: '00:14.4',
      reserved: 1,
    }),
    good: devices(RANGE, { name: 'alias device', device: '01:00.0', sourceDevice: '00:14.4' }),
  },
  'ivrs-range-no-end': {
    bad: devices({ name: 'start of range', device: '00:01.0' }),
    good: devices(RANGE),
  },
  'ivrs-range-no-start': {
    bad: devices(RANGE, { name: 'end of range', device: '00:01.0' }),
    good: devices(RANGE),
  },
  'ivrs-range-backwards': {
    bad: devices(RANGE, '00:02.0-00:01.0'),
    good: devices(RANGE, '00:01.0-00:02.0'),
  },
  'ivrs-range-single': {
    bad: devices(RANGE, '00:01.0-00:01.0'),
    good: devices(RANGE, '00:01.0-00:01.1'),
  },
  'ivrs-special-variety': {
    bad: devices(RANGE, ioApic(0, '00:14.0', 3)),
    good: devices(RANGE, ioApic(0, '00:14.0', 2)),
  },
  'ivrs-io-apic-duplicate': {
    bad: devices(RANGE, SOUTH_BRIDGE),
    good: devices(RANGE, ioApic(34, '00:00.1')),
  },
  'ivrs-io-apic-south-bridge': {
    bad: ivhd({ devices: [RANGE, ioApic(33, '00:14.1')] }),
    good: FULL,
  },
  'ivrs-io-apic-missing': { bad: withIoApics(FULL, 33, 34), good: withIoApics(FULL, 33) },
  'ivrs-io-apic-unknown': {
    bad: withIoApics(devices(RANGE, ioApic(34, '00:00.1')), 33),
    good: withIoApics(devices(RANGE, ioApic(34, '00:00.1')), 33, 34),
  },
  'ivrs-ivmd-trailing-bytes': { bad: region({ trailing: '00' }), good: FULL },
  'ivrs-ivmd-unaligned': {
    bad: region({ startAddress: '0x97b98800', memoryLength: '0x1000' }),
    good: region({ startAddress: '0x97b99000', memoryLength: '0x1000' }),
  },
  'ivrs-ivmd-empty': { bad: region({ memoryLength: 0 }), good: region({ memoryLength: 4096 }) },
  'ivrs-ivmd-wraps': {
    bad: region({ startAddress: '0xffffffffffffe000', memoryLength: '0x2000' }),
    good: region({ startAddress: '0xffffffffe000', memoryLength: '0x2000' }),
  },
  'ivrs-ivmd-beyond-width': {
    bad: region({ startAddress: '0xfffffffff000', memoryLength: '0x2000' }),
    good: region({ startAddress: '0xffffffffe000', memoryLength: '0x2000' }),
  },
  'ivrs-ivmd-no-mapping': { bad: region({ flags: 6 }), good: region({ flags: 8 }) },
  'ivrs-ivmd-permissions': { bad: region({ flags: 3 }), good: region({ flags: 9 }) },
  'ivrs-ivmd-range-backwards': {
    bad: region({ device: '03:00.0', lastDevice: '03:00.0' }),
    good: region({ device: '03:00.0', lastDevice: '03:00.1' }),
  },
  'ivrs-ivmd-segment': { bad: region({ device: '0001:03:00.0' }), good: FULL },
  'ivrs-ivmd-unknown-iommu': {
    bad: region({ type: '0x23', device: '00:00.2', auxiliaryData: 0x44 }),
    good: region({ type: '0x23', device: '00:00.2', auxiliaryData: 0x40 }),
  },
  'ivrs-ivmd-no-iommu': {
    bad: region({ device: '00:00.7' }),
    good: region({ device: '00:01.0' }),
  },
  'ivrs-ivmd-before-ivhd': { bad: table([IVMD, IVHD]), good: FULL },
  'ivrs-ivmd-overlap': {
    bad: usual(IVMD, { ...IVMD, startAddress: '0x97b99000' }),
    good: usual(IVMD, { ...IVMD, startAddress: '0x97b9a000' }),
  },
  'ivrs-ivmd-exclusions': {
    bad: usual({ ...IVMD, flags: 8 }, { ...IVMD, flags: 8, startAddress: '0x97000000' }),
    good: usual({ ...IVMD, flags: 8 }, { ...IVMD, startAddress: '0x97000000' }),
  },
  'ivrs-ivmd-in-usable-memory': {
    bad: mapped(FULL, ['0x97b98000', '0x97b99000', 2], ['0x97b99000', '0x97b9a000', 1]),
    good: mapped(FULL, ['0x97b98000', '0x97b9a000', 2]),
  },
  'ivrs-ivmd-not-reserved': {
    bad: mapped(FULL, ['0x97b98000', '0x97b9a000', 4]),
    good: mapped(FULL, ['0x97b98000', '0x97b99000', 2], ['0x97b99000', '0x97b9a000', 2]),
  },
};
