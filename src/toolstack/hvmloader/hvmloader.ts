import { type E820Entry, HIGH_MEMORY_START } from '../libxl/layout.js';
import { buildE820Table, type FirmwareAreas, LEAST_LOW_RAM } from './e820.js';
import { adjustMemoryMap, dynamicConflicts, type RamEnds } from './memory-map.js';
import { type GuestFunction, type PciSettings, type PciSetup, setUpPci } from './pci.js';
import type { Hvmloader } from './releases.js';

/** What hvmloader finds when the guest starts. */
export interface HvmloaderInput extends PciSettings {
  /** libxl's map. */
  readonly map: readonly E820Entry[];
  /** The ends of RAM that libxl hands over; 4 GiB where there are 0 bytes above it. */
  readonly ram: RamEnds;
  readonly functions: readonly GuestFunction[];
  /** Pages of 4 KiB that ACPI's tables take; null: ACPI is off. */
  readonly acpiPages: number | null;
  readonly firmware: FirmwareAreas;
}

/** hvmloader stops the guest at once, in a function of its own. */
export interface Stopped {
  readonly boots: false;
  readonly stopsIn: 'memory_map_setup' | 'build_e820_table';
  /** The entries of the map at fault. */
  readonly entries: readonly E820Entry[];
}

/** What hvmloader leaves to the guest's kernel. */
export interface Booted extends PciSetup {
  readonly boots: true;
  /** As the kernel finds it; sorted, not merged. */
  readonly e820: readonly E820Entry[];
}

const VGA_CLASS = 0x0300;
const INTEL = 0x8086;
/** The emulated graphics cards: stdvga and Cirrus Logic. */
const EMULATED_VGA = new Set(['1234:1111', '1013:00b8']);
const idOf = ({ vendor, device }: GuestFunction): string =>
  [vendor, device].map((id) => id.toString(16).padStart(4, '0')).join(':');

/** Runs hvmloader, as far as the guest's memory map and PCI resources go (tools/firmware/hvmloader/hvmloader.c, main). */
export function runHvmloader(input: HvmloaderInput, hvmloader: Hvmloader): Booted | Stopped {
  const { map, ram, functions, acpiPages, firmware } = input;
  const conflicts = dynamicConflicts(map, hvmloader);
  if (map.length === 0 || conflicts.length > 0) {
    return { boots: false, stopsIn: 'memory_map_setup', entries: conflicts };
  }
  const setup = setUpPci(functions, map, ram, input, hvmloader);
  if (setup.ram.lowmemEnd < LEAST_LOW_RAM) {
    return { boots: false, stopsIn: 'build_e820_table', entries: [] };
  }
  const adjusted = adjustMemoryMap(map, setup.ram, hvmloader);
  const e820 = buildE820Table(adjusted, firmware, acpiPages, hasOpRegion(functions), hvmloader);
  return { boots: true, ...setup, e820 };
}

/** Whether the first graphics card that is found is a real one of Intel's; an emulated one found before it is kept as primary. */
function hasOpRegion(functions: readonly GuestFunction[]): boolean {
  const first = functions
    .toSorted((a, b) => a.devfn - b.devfn)
    .find(({ pciClass }) => pciClass === VGA_CLASS);
  return first !== undefined && first.vendor === INTEL && !EMULATED_VGA.has(idOf(first));
}

/** The end of high RAM as libxl hands it over: with the older version 4 GiB where there is none. */
export const handedOver = ({ lowmemEnd, highmemEnd }: RamEnds, emptyHighRam: boolean): RamEnds => ({
  lowmemEnd,
  highmemEnd: emptyHighRam ? HIGH_MEMORY_START : highmemEnd,
});
