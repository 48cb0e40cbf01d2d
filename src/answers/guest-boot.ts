import type { Sbdf } from '../base/sbdf.js';
import { E820, type Host } from '../machine/host.js';
import { E820_ROOM, FIRMWARE_AREAS } from '../toolstack/hvmloader/e820.js';
import {
  type Booted,
  handedOver,
  runHvmloader,
  type Stopped,
} from '../toolstack/hvmloader/hvmloader.js';
import {
  type GuestMachine,
  guestFunctions,
  type PassedDevice,
  type PassedFunction,
} from '../toolstack/hvmloader/machine.js';
import type { GuestFunction } from '../toolstack/hvmloader/pci.js';
import { hvmloaderOf } from '../toolstack/hvmloader/releases.js';
import {
  type GuestConfig,
  type GuestLayout,
  HIGH_MEMORY_START,
} from '../toolstack/libxl/layout.js';
import type { GuestNote } from '../toolstack/notes.js';

/**
 * What of a final map is not known to the byte: the pages of ACPI's tables, SeaBIOS's size, BARs of
 * passed-through devices, their places on the guest's bus, or how far physical addresses reach.
 */
export type Approximation = 'acpi' | 'bios' | 'bars' | 'slots' | 'address-bits';

/** What a guest's kernel finds. */
export interface FinalMap {
  readonly result: Booted | Stopped;
  /** What is on the guest's bus. */
  readonly functions: readonly GuestFunction[];
  readonly machine: GuestMachine;
  readonly approximate: readonly Approximation[];
}

/** A guest that libxl created, about to boot. */
export interface Created {
  readonly config: GuestConfig;
  readonly machine: GuestMachine;
  readonly layout: GuestLayout;
  /** The toolstack's release, named with its point. */
  readonly release: string;
  /** What is known of the machine; null: nothing. */
  readonly host: Host | null;
  /** The functions of a device of the host. */
  readonly functionsOf: (device: Sbdf) => Sbdf[];
}

/**
 * What hvmloader makes of libxl's map. BARs of passed-through functions are those that the host shows;
 * without them the hole is as small as the emulated ones let it be.
 */
export function bootGuest({
  config,
  machine,
  layout,
  release,
  host,
  functionsOf,
}: Created): FinalMap {
  const passed = config.pci.map(
    (assigned): PassedDevice => ({
      slot: assigned.slot ?? null,
      functions:
        assigned.name !== undefined
          ? []
          : assigned.allFunctions === true
            ? functionsOf(assigned.device).map((fn) => passedFunction(fn, fn.func, host))
            : [passedFunction(assigned.device, 0, host)],
    }),
  );
  const functions = guestFunctions(machine, passed);
  const hvmloader = hvmloaderOf(release);
  const result = runHvmloader(
    {
      map: layout.e820,
      ram: handedOver(layout, layout.emptyHighRam),
      functions,
      mmioHoleSize: machine.mmioHole ?? 0n,
      allowMemoryRelocate: machine.deviceModel === 'qemu-xen-traditional',
      physicalAddressBits: ADDRESS_BITS,
      acpiPages: machine.acpi ? ACPI_PAGES : null,
      firmware: FIRMWARE_AREAS[machine.firmware],
    },
    hvmloader,
  );
  const unknownBars = passed.some(
    ({ functions }) => functions.length === 0 || functions.some(({ bars }) => bars === null),
  );
  const approximate: Approximation[] = [];
  if (result.boots) {
    if (result.e820.some(({ type }) => type === E820.nvs) && machine.acpi) approximate.push('acpi');
    if (machine.firmware === 'seabios') approximate.push('bios');
    if (unknownBars) approximate.push('bars');
    else if (passed.length > 0) approximate.push('slots');
    if (result.highWindow !== null) approximate.push('address-bits');
  }
  return { result, functions, machine, approximate };
}

/** Pages that ACPI's tables take, about; how many is not known before hvmloader runs. */
const ACPI_PAGES = 16;
/** Bits of physical addresses that the guest's processor has, about. */
const ADDRESS_BITS = 39;

/** An ID for what is not known; no rule looks for it. */
const UNKNOWN_ID = 0xffff;

function passedFunction(device: Sbdf, func: number, host: Host | null): PassedFunction {
  const details = host?.pciDetails(device) ?? null;
  return {
    host: device,
    func,
    vendor: details?.vendorId ?? UNKNOWN_ID,
    device: details?.deviceId ?? UNKNOWN_ID,
    pciClass: (details?.classCode ?? 0) >> 8,
    bars: details?.bars ?? null,
  };
}

/** Entries beyond hvmloader's room, and regions that nothing keeps BARs away from. */
export function bootNotes({ result }: FinalMap): GuestNote[] {
  if (!result.boots) return [];
  const notes: GuestNote[] = [];
  const { e820, highWindow, bars } = result;
  if (e820.length > E820_ROOM) {
    notes.push({ code: 'e820-overflows', severity: 'warning', entries: e820.length });
  }
  if (e820.some(({ start, size }) => start === HIGH_MEMORY_START && size === 0n)) {
    notes.push({ code: 'high-ram-empty', severity: 'info' });
  }
  for (const { start, size, type } of e820) {
    if (type !== E820.reserved || start + size <= HIGH_MEMORY_START || size === 0n) continue;
    if (start < HIGH_MEMORY_START) {
      notes.push({ code: 'region-crosses-4gib', severity: 'warning', start });
    } else if (highWindow !== null && start < highWindow.end && start + size > highWindow.start) {
      notes.push({ code: 'region-in-high-window', severity: 'warning', start });
    }
  }
  for (const { devfn, bar, size, address } of bars) {
    if (address === null)
      notes.push({ code: 'bar-without-space', severity: 'warning', devfn, bar, size });
  }
  return notes;
}
