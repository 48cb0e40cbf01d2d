import { type HostFacts, NO_HOST } from '../../../src/check/rule.js';
import type { PciDescription } from '../../support/host-tree.js';
import { tableOf } from '../../support/tables.js';
import { memoryMapOf, topologyOf } from '../../support/vectors.js';

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

const UNIT: Json = { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed91000', devices: [] };
const GRAPHICS_UNIT: Json = {
  name: 'DRHD',
  registerBaseAddress: '0xfed90000',
  devices: ['0000:00:02.0'],
};
const USB: Json = {
  name: 'RMRR',
  baseAddress: '0xbf7e8000',
  limitAddress: '0xbf7f7fff',
  devices: ['0000:00:1d.0'],
};

const scope = (type: number, device: string, more: Json = {}): Json => ({ type, device, ...more });
const IOAPIC = scope(3, '0000:f0:1f.0', { enumerationId: 2 });

/** A table of these structures; the header may be changed. */
const table = (structures: readonly Json[], header: Json = {}): Case => ({
  bytes: tableOf({ header, structures }),
  host: NO_HOST,
});
const usual = (...more: Json[]): Case => table([UNIT, ...more]);
const region = (changes: Json): Case => usual({ ...USB, ...changes });
const unit = (changes: Json): Case => table([{ ...UNIT, ...changes }]);

/** A case with bytes changed after it was made; the checksum is not mended. */
const edited = ({ bytes, host }: Case, edit: (bytes: Uint8Array) => Uint8Array): Case => ({
  bytes: edit(Uint8Array.from(bytes)),
  host,
});

const fn = (
  bdf: string,
  classCode: string,
  more: Partial<PciDescription> = {},
): PciDescription => ({
  bdf,
  class: classCode,
  hdr: '0x0',
  ...more,
});
const PCI: PciDescription[] = [
  fn('0000:00:00.0', '0x060000'),
  fn('0000:00:01.0', '0x060400', { hdr: '0x1', pri: '0', sec: '1', sub: '1' }),
  fn('0000:00:02.0', '0x030000'),
  fn('0000:00:1d.0', '0x0c0320'),
  fn('0000:00:1f.0', '0x060100'),
  fn('0000:01:00.0', '0x020000'),
];
const on = ({ bytes }: Case, pci = PCI): Case => ({
  bytes,
  host: { ...NO_HOST, pci: topologyOf({ pci, e820: [] }) },
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

const many = (count: number): Case =>
  table(
    Array.from({ length: count }, (_, i) => ({
      name: 'DRHD',
      flags: i === count - 1 ? 1 : 0,
      registerBaseAddress: 0xfed0_0000 + i * 0x1000,
      devices:
        i === count - 1 ? [] : [`0000:00:${(i >> 1).toString(16).padStart(2, '0')}.${i & 1}`],
    })),
  );

const FULL = region({});
const REMAPPING = table([{ ...UNIT, devices: [IOAPIC] }], { flags: 1 });
const TWO_REGIONS = (base: string): Case =>
  usual(USB, { ...USB, baseAddress: base, limitAddress: '0xbf80ffff', devices: ['0000:00:1a.0'] });
const ANDD: Json = { name: 'ANDD', acpiDeviceNumber: 1, acpiPath: '\\_SB.PCI0.I2C0' };
const I2C = scope(5, '0000:00:15.0', { enumerationId: 1 });
const ACPI_UNIT: Json = { ...UNIT, devices: [I2C] };
const word = (bytes: Uint8Array, offset: number, value: number): Uint8Array => {
  new DataView(bytes.buffer).setUint16(offset, value, true);
  return bytes;
};
/** Bytes with the checksum put right. */
const summed = (bytes: Uint8Array): Uint8Array => {
  bytes[9] = 0;
  bytes[9] = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return bytes;
};
const patched = (from: Case, offset: number, value: number): Case =>
  edited(from, (bytes) => summed(word(bytes, offset, value)));
/** Offset of the first structure after the usual unit, which has 16 bytes. */
const AFTER_UNIT = 64;

/** For each rule a table that breaks it and one that just does not. */
export const CASES: Readonly<Record<string, Pair>> = {
  'table-header-truncated': {
    bad: edited(FULL, (bytes) => bytes.subarray(0, 47)),
    good: FULL,
  },
  'table-signature': {
    bad: table([UNIT], { signature: 'DMAN' }),
    good: table([UNIT], { signature: 'RMAD' }),
  },
  'table-length-beyond-bytes': {
    bad: table([UNIT], { length: 65 }),
    good: table([UNIT], { length: 64 }),
  },
  'table-length-short': { bad: table([], { length: 47 }), good: FULL },
  'table-trailing-bytes': {
    bad: edited(FULL, (bytes) => Uint8Array.of(...bytes, 0)),
    good: FULL,
  },
  'table-checksum': { bad: edited(FULL, (bytes) => word(bytes, 24, 1)), good: FULL },
  'table-address-width-too-small': {
    bad: table([UNIT], { hostAddressWidth: 10 }),
    good: FULL,
  },
  'table-address-width-implausible': {
    bad: table([UNIT], { hostAddressWidth: 52 }),
    good: table([UNIT], { hostAddressWidth: 51 }),
  },
  'table-reserved': {
    bad: edited(FULL, (bytes) => summed(word(bytes, 46, 1))),
    good: table([{ ...UNIT, devices: [IOAPIC] }], { flags: 5 }),
  },
  'table-x2apic-opt-out': {
    bad: table([UNIT], { flags: 2 }),
    good: table([{ ...UNIT, devices: [IOAPIC] }], { flags: 5 }),
  },
  'table-no-io-apic': {
    bad: table([UNIT], { flags: 1 }),
    good: table([{ ...UNIT, devices: [IOAPIC] }], { flags: 1 }),
  },
  'structure-length-zero': {
    bad: patched(usual({ name: 'unknown', type: 9 }), AFTER_UNIT + 2, 0),
    good: FULL,
  },
  'structure-length-short': {
    bad: usual({ name: 'unknown', type: 1, data: '00'.repeat(19) }),
    good: FULL,
  },
  'structure-length-overrun': {
    bad: patched(usual({ name: 'RHSA', registerBaseAddress: '0xfed91000' }), AFTER_UNIT + 2, 21),
    good: usual({ name: 'RHSA', registerBaseAddress: '0xfed91000' }),
  },
  'structure-header-truncated': {
    bad: edited(usual({ name: 'unknown', type: 9 }), (bytes) =>
      summed(word(bytes.slice(0, 67), 4, 67)),
    ),
    good: FULL,
  },
  'structure-unknown-type': {
    bad: usual({ name: 'unknown', type: 7, data: '00000000' }),
    good: usual({ name: 'SIDP', devices: ['0000:00:02.0'] }),
  },
  'structure-order': { bad: table([USB, UNIT]), good: table([UNIT, USB]) },
  'structure-trailing-bytes': {
    bad: usual({ name: 'RHSA', registerBaseAddress: '0xfed91000', trailing: '00' }),
    good: usual({ name: 'RHSA', registerBaseAddress: '0xfed91000' }),
  },
  'structure-reserved': { bad: unit({ size: 0x10 }), good: unit({ size: 0x0f }) },
  'scope-length-short': {
    bad: usual({
      ...USB,
      devices: [{ startBusNumber: 0, path: [], length: 6 }],
    }),
    good: FULL,
  },
  'scope-length-odd': {
    bad: usual({ ...USB, devices: [scope(1, '0000:00:1d.0', { length: 9, trailing: '00' })] }),
    good: FULL,
  },
  'scope-length-overrun': {
    bad: usual({ ...USB, devices: [scope(1, '0000:00:1d.0', { length: 10 })] }),
    good: usual({ ...USB, devices: [scope(1, '0000:00:1d.0/00.0')] }),
  },
  'scope-header-truncated': { bad: region({ trailing: '0108000000' }), good: FULL },
  'scope-path-range': {
    bad: region({ devices: [{ startBusNumber: 0, path: [[32, 0]] }] }),
    good: region({ devices: [{ startBusNumber: 0, path: [[31, 7]] }] }),
  },
  'scope-type-unknown': {
    bad: region({ devices: ['0000:00:1d.0', scope(6, '0000:00:1d.1')] }),
    good: table([{ ...ACPI_UNIT, devices: [I2C] }, ANDD]),
  },
  'scope-type-misplaced': {
    bad: usual({ name: 'SATC', devices: ['0000:00:02.0', IOAPIC] }),
    good: unit({ devices: [IOAPIC, scope(4, '0000:00:0f.0')] }),
  },
  'scope-reserved': {
    bad: region({ devices: [scope(1, '0000:00:1d.0', { flags: 1 })] }),
    good: usual({ name: 'SIDP', devices: [scope(1, '0000:00:1d.0', { flags: 1 })] }),
  },
  'drhd-none': { bad: table([USB]), good: FULL },
  'drhd-base-zero': {
    bad: unit({ registerBaseAddress: 0 }),
    good: unit({ registerBaseAddress: 0x1000 }),
  },
  'drhd-base-all-ones': {
    bad: unit({ registerBaseAddress: '0xffffffffffffffff' }),
    good: unit({ registerBaseAddress: '0x7ffffff000' }),
  },
  'drhd-base-unaligned': {
    bad: unit({ registerBaseAddress: '0xfed91800' }),
    good: unit({ registerBaseAddress: '0xfed92000' }),
  },
  'drhd-base-beyond-width': {
    bad: unit({ registerBaseAddress: '0x8000000000' }),
    good: unit({ registerBaseAddress: '0x7ffffff000' }),
  },
  'drhd-base-duplicate': {
    bad: table([{ ...GRAPHICS_UNIT, registerBaseAddress: '0xfed91000' }, UNIT]),
    good: table([GRAPHICS_UNIT, UNIT]),
  },
  'drhd-base-overlap': {
    bad: table([{ ...GRAPHICS_UNIT, size: 1 }, UNIT]),
    good: table([GRAPHICS_UNIT, UNIT]),
  },
  'drhd-base-in-memory': {
    bad: mapped(unit({}), ['0xfed91000', '0xfed92000', 3]),
    good: mapped(unit({}), ['0xfed91000', '0xfed92000', 2]),
  },
  'drhd-include-all-twice': {
    bad: table([UNIT, { ...UNIT, registerBaseAddress: '0xfed92000' }]),
    good: table([UNIT, { ...UNIT, registerBaseAddress: '0xfed92000', segment: 1 }]),
  },
  'drhd-include-all-not-last': {
    bad: table([UNIT, GRAPHICS_UNIT]),
    good: table([UNIT, { ...GRAPHICS_UNIT, segment: 1, devices: ['0001:00:02.0'] }]),
  },
  'drhd-no-scope': {
    bad: table([{ ...GRAPHICS_UNIT, devices: [] }, UNIT]),
    good: table([GRAPHICS_UNIT, UNIT]),
  },
  'drhd-scope-duplicate': {
    bad: table([GRAPHICS_UNIT, { ...UNIT, devices: ['0000:00:02.0'] }]),
    good: table([GRAPHICS_UNIT, { ...UNIT, devices: ['0000:00:02.1'] }]),
  },
  'drhd-too-many': { bad: many(33), good: many(32) },
  'rmrr-base-unaligned': {
    bad: region({ baseAddress: '0xbf7e8800' }),
    good: region({ baseAddress: '0xbf7e9000' }),
  },
  'rmrr-limit-unaligned': {
    bad: region({ limitAddress: '0xbf7f7ffe' }),
    good: region({ limitAddress: '0xbf7f6fff' }),
  },
  'rmrr-limit-page-boundary': {
    bad: region({ limitAddress: '0xbf7f8000' }),
    good: region({ limitAddress: '0xbf7f8fff' }),
  },
  'rmrr-base-above-limit': {
    bad: region({ baseAddress: '0xbf7f8000', limitAddress: '0xbf7f7fff' }),
    good: region({ baseAddress: '0xbf7f7000', limitAddress: '0xbf7f7fff' }),
  },
  'rmrr-no-scope': { bad: region({ devices: [] }), good: FULL },
  'rmrr-no-pci-scope': {
    bad: table([ACPI_UNIT, { ...USB, devices: [I2C] }, ANDD]),
    good: table([ACPI_UNIT, { ...USB, devices: [I2C, '0000:00:1d.0'] }, ANDD]),
  },
  'rmrr-overlap': { bad: TWO_REGIONS('0xbf7f7000'), good: TWO_REGIONS('0xbf7f8000') },
  'rmrr-beyond-width': {
    bad: region({ baseAddress: '0x7ffffff000', limitAddress: '0x8000000fff' }),
    good: region({ baseAddress: '0x7fffffe000', limitAddress: '0x7fffffffff' }),
  },
  'rmrr-frame-over-32-bits': {
    bad: table([UNIT, { ...USB, baseAddress: '0x100000000000', limitAddress: '0x10000000ffff' }], {
      hostAddressWidth: 45,
    }),
    good: table([UNIT, { ...USB, baseAddress: '0xffffffff000', limitAddress: '0x10000000ffff' }], {
      hostAddressWidth: 45,
    }),
  },
  'rmrr-large': {
    bad: region({ baseAddress: '0x80000000', limitAddress: '0xc0000fff' }),
    good: region({ baseAddress: '0x80000000', limitAddress: '0xbfffffff' }),
  },
  'rmrr-shared': {
    bad: region({ devices: ['0000:00:1d.0', '0000:00:1a.0'] }),
    good: table([ACPI_UNIT, { ...USB, devices: ['0000:00:1d.0', I2C] }, ANDD]),
  },
  'rmrr-no-unit': {
    bad: table([GRAPHICS_UNIT, USB]),
    good: table([GRAPHICS_UNIT, { ...USB, devices: ['0000:00:02.0'] }]),
  },
  'rmrr-host-bridge-first': {
    bad: region({ devices: ['0000:00:00.0'] }),
    good: region({ devices: ['0000:00:00.1'] }),
  },
  'atsr-all-ports-twice': {
    bad: usual({ name: 'ATSR', flags: 1 }, { name: 'ATSR', flags: 1 }),
    good: usual({ name: 'ATSR', flags: 1 }, { name: 'ATSR', flags: 1, segment: 1 }),
  },
  'atsr-no-scope': { bad: usual({ name: 'ATSR' }), good: usual({ name: 'ATSR', flags: 1 }) },
  'rhsa-no-unit': {
    bad: usual({ name: 'RHSA', registerBaseAddress: '0xfed92000' }),
    good: usual({ name: 'RHSA', registerBaseAddress: '0xfed91000' }),
  },
  'andd-name-unterminated': {
    bad: table([ACPI_UNIT, { ...ANDD, trailing: '' }]),
    good: table([ACPI_UNIT, { ...ANDD, trailing: '00' }]),
  },
  'andd-name-empty': {
    bad: table([ACPI_UNIT, { ...ANDD, acpiPath: '' }]),
    good: table([ACPI_UNIT, { ...ANDD, acpiPath: '\\' }]),
  },
  'andd-number-duplicate': {
    bad: table([ACPI_UNIT, ANDD, ANDD]),
    good: table([
      { ...UNIT, devices: [I2C, scope(5, '0000:00:15.1', { enumerationId: 2 })] },
      ANDD,
      { ...ANDD, acpiDeviceNumber: 2 },
    ]),
  },
  'andd-no-scope': { bad: table([UNIT, ANDD]), good: table([ACPI_UNIT, ANDD]) },
  'scope-no-andd': {
    bad: table([ACPI_UNIT]),
    good: table([ACPI_UNIT, ANDD]),
  },
  'satc-no-scope': {
    bad: usual({ name: 'SATC' }),
    good: usual({ name: 'SATC', devices: ['0000:00:02.0'] }),
  },
  'sidp-no-scope': {
    bad: usual({ name: 'SIDP' }),
    good: usual({ name: 'SIDP', devices: ['0000:00:02.0'] }),
  },
  'drhd-device-absent': {
    bad: on(table([{ ...GRAPHICS_UNIT, devices: ['0000:00:03.0'] }, UNIT])),
    good: on(table([GRAPHICS_UNIT, UNIT])),
  },
  'drhd-io-apic-mistaken': {
    bad: on(table([{ ...GRAPHICS_UNIT, devices: [I2C, IOAPIC] }, UNIT, ANDD])),
    good: on(table([{ ...GRAPHICS_UNIT, devices: [IOAPIC, I2C] }, UNIT, ANDD])),
  },
  'scope-device-absent': { bad: on(region({ devices: ['0000:00:1a.0'] })), good: on(FULL) },
  'scope-endpoint-is-bridge': {
    bad: on(usual({ name: 'SATC', devices: ['0000:00:01.0'] })),
    good: on(usual({ name: 'ATSR', devices: [scope(2, '0000:00:01.0')] })),
  },
  'scope-bridge-is-endpoint': {
    bad: on(usual({ name: 'ATSR', devices: [scope(2, '0000:00:02.0')] })),
    // A bridge that has an endpoint's header, as non-transparent ones do.
    good: on(usual({ name: 'ATSR', devices: [scope(2, '0000:00:1f.0')] })),
  },
  'scope-start-bus-behind-bridge': {
    bad: on(usual({ name: 'SATC', devices: ['0000:01:00.0'] })),
    good: on(usual({ name: 'SATC', devices: ['0000:00:01.0/00.0'] })),
  },
  'rmrr-binding': {
    bad: on(region({ devices: ['0000:00:01.0/00.0'] })),
    good: on(region({ devices: ['0000:00:02.0'] })),
  },
  'rmrr-in-usable-memory': {
    bad: mapped(FULL, ['0xbf7e8000', '0xbf7f7000', 2], ['0xbf7f7000', '0xbf7f8000', 1]),
    good: mapped(FULL, ['0xbf7e8000', '0xbf7f8000', 2]),
  },
  'drhd-io-apic-missing': {
    bad: { ...REMAPPING, host: { ...NO_HOST, ioApics: [2, 3] } },
    good: { ...REMAPPING, host: { ...NO_HOST, ioApics: [2] } },
  },
  'rmrr-in-acpi-nvs': {
    bad: mapped(FULL, ['0xbf7e8000', '0xbf7f8000', 4]),
    good: mapped(FULL, ['0xbf7e8000', '0xbf7f8000', 2]),
  },
  'rmrr-not-reserved': {
    bad: mapped(FULL, ['0xbf7e8000', '0xbf7f8000', 3]),
    good: mapped(FULL, ['0xbf7e0000', '0xbf7f0000', 2], ['0xbf7f0000', '0xbf7f8000', 2]),
  },
};
