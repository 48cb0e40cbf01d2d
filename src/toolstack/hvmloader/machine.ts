import type { Sbdf } from '../../base/sbdf.js';
import type { PciBar } from '../../machine/host.js';
import type { DisplayInfo, VgaKind } from '../libxl/build-info.js';
import type { Firmware } from './e820.js';
import type { GuestFunction } from './pci.js';

/** What a guest boots on, as far as hvmloader's work depends on it. */
export interface GuestMachine extends DisplayInfo {
  firmware: Firmware;
  /** Whether the guest gets ACPI's tables. */
  acpi: boolean;
  /** Whether a passed-through graphics card is the primary one, and none is emulated. */
  gfxPassthru: boolean;
  /** Whether the Xen platform device is there. */
  xenPlatformPci: boolean;
  /** Network cards that are emulated. */
  emulatedNics: number;
  /** Bytes of the MMIO hole that was asked for; null: none was. */
  mmioHole: bigint | null;
}

/** What a guest has by default (xl.cfg(5); libxl__domain_build_info_setdefault). */
export const DEFAULT_MACHINE: GuestMachine = {
  firmware: 'seabios',
  acpi: true,
  deviceModel: 'qemu-xen',
  vga: 'cirrus',
  gfxPassthru: false,
  xenPlatformPci: true,
  emulatedNics: 0,
  mmioHole: null,
};

/** A function of the host that is passed through. */
export interface PassedFunction {
  /** Where it is on the host. */
  readonly host: Sbdf;
  /** Function number on the guest's bus. */
  readonly func: number;
  readonly vendor: number;
  readonly device: number;
  /** Class and subclass. */
  readonly pciClass: number;
  /** null: their sizes are not known. */
  readonly bars: readonly PciBar[] | null;
}

/** Functions that are passed through as one device of the guest's bus. */
export interface PassedDevice {
  /** Device number on the guest's bus that was asked for; null: the next that is free. */
  readonly slot: number | null;
  readonly functions: readonly PassedFunction[];
}

const KIB = 1n << 10n;
const MIB = 1n << 20n;
const devfn = (slot: number, func = 0): number => slot * 8 + func;
const emulated = (
  at: number,
  [vendor, device]: readonly [number, number],
  pciClass: number,
  bars: readonly PciBar[] = [],
): GuestFunction => ({ devfn: at, vendor, device, pciClass, bars });
const bar = (number: number, kind: PciBar['kind'], size: bigint): PciBar => ({
  bar: number,
  kind,
  size,
});

/** The i440FX chipset that both device models emulate: host bridge, ISA bridge, IDE, power management. */
const CHIPSET: readonly GuestFunction[] = [
  emulated(devfn(0), [0x8086, 0x1237], 0x0600),
  emulated(devfn(1), [0x8086, 0x7000], 0x0601),
  emulated(devfn(1, 1), [0x8086, 0x7010], 0x0101, [bar(4, 'io', 16n)]),
  emulated(devfn(1, 3), [0x8086, 0x7113], 0x0680),
];
const PLATFORM_BARS = [bar(0, 'io', 256n), bar(1, 'mem32', 16n * MIB)];
const VGA_ROM = bar(6, 'rom', 64n * KIB);
/** qxl's and the network card's BARs are qemu's defaults. */
const VGA_CARDS: Readonly<
  Record<Exclude<VgaKind, 'none'>, Pick<GuestFunction, 'vendor' | 'device' | 'bars'>>
> = {
  cirrus: {
    vendor: 0x1013,
    device: 0x00b8,
    bars: [bar(0, 'mem32', 32n * MIB), bar(1, 'mem32', 4n * KIB), VGA_ROM],
  },
  std: {
    vendor: 0x1234,
    device: 0x1111,
    bars: [bar(0, 'mem32', 16n * MIB), bar(2, 'mem32', 4n * KIB), VGA_ROM],
  },
  qxl: {
    vendor: 0x1b36,
    device: 0x0100,
    bars: [
      bar(0, 'mem32', 64n * MIB),
      bar(1, 'mem32', 64n * MIB),
      bar(2, 'mem32', 8n * KIB),
      bar(3, 'io', 32n),
      VGA_ROM,
    ],
  },
};
const NIC_BARS = [bar(0, 'io', 256n), bar(1, 'mem32', 256n), bar(6, 'rom', 256n * KIB)];

/** The device numbers of the platform device and of the emulated graphics card. */
const PLATFORM_SLOT = 2;
const VGA_SLOT = 3;

/**
 * The functions on the guest's bus: those that the device model emulates, then those that are passed
 * through, each device at the next number that is free.
 */
export function guestFunctions(
  { vga, gfxPassthru, xenPlatformPci, emulatedNics }: GuestMachine,
  passed: readonly PassedDevice[],
): GuestFunction[] {
  const functions = [...CHIPSET];
  if (xenPlatformPci) {
    functions.push(emulated(devfn(PLATFORM_SLOT), [0x5853, 0x0001], 0xff80, PLATFORM_BARS));
  }
  if (vga !== 'none' && !gfxPassthru) {
    functions.push({ devfn: devfn(VGA_SLOT), pciClass: 0x0300, ...VGA_CARDS[vga] });
  }
  const taken = new Set([
    ...functions.map((fn) => fn.devfn >> 3),
    ...passed.flatMap(({ slot }) => slot ?? []),
  ]);
  const nextSlot = (): number => {
    let slot = PLATFORM_SLOT;
    while (taken.has(slot)) slot += 1;
    taken.add(slot);
    return slot;
  };
  for (let i = 0; i < emulatedNics; i++) {
    functions.push(emulated(devfn(nextSlot()), [0x10ec, 0x8139], 0x0200, NIC_BARS));
  }
  for (const { slot, functions: own } of passed) {
    const at = slot ?? nextSlot();
    functions.push(...own.map((fn) => passedFunction(at, fn)));
  }
  return functions;
}

/** BARs in memory are a page at least (qemu, hw/xen/xen_pt_config_init.c, xen_pt_get_emul_size). */
const passedFunction = (
  slot: number,
  { host, func, vendor, device, pciClass, bars }: PassedFunction,
): GuestFunction => ({
  devfn: devfn(slot, func),
  host,
  vendor,
  device,
  pciClass,
  bars: (bars ?? []).map((one) =>
    one.kind === 'io' || one.size >= 4n * KIB ? one : { ...one, size: 4n * KIB },
  ),
});
