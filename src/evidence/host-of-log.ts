import { NO_BYTES } from '../acpi/layout.js';
import { keyOf } from '../base/sbdf.js';
import {
  E820,
  type Host,
  type MemoryRange,
  type PciDetails,
  UNKNOWN_DETAILS,
} from '../machine/host.js';
import { CONFIG, type PciFunction, PciTopology } from '../machine/pci-topology.js';
import { CONFIG_HEADER } from './captured.js';
import type { Facts, Log, SeenFunction } from './logs/log.js';

/**
 * The machine that a log is of, as far as it shows it; null where it shows nothing of it.
 *
 * @param name what messages call the log
 */
export function hostOfLog({ facts }: Log, name: string): Host | null {
  const pci = topologyOf(facts);
  const { linux, xen, linuxCmdline, groups, memoryMap, dmi } = facts;
  const known = [pci, linux, xen, linuxCmdline, memoryMap].some((fact) => fact !== null);
  if (!known && groups.length === 0) return null;
  const details = new Map(facts.functions.map((fn) => [keyOf(fn.address), detailsOf(fn)]));
  return {
    root: name,
    pci,
    memoryMap: memoryMapOf(facts),
    segments: null,
    ioApics: null,
    fadtNoMsi: null,
    cpuFlags: null,
    lockdown: null,
    takesTables: null,
    xen,
    linux,
    // The kernel prints maker and model as one text.
    dmi: dmi && { vendor: null, product: dmi.name, firmware: dmi.firmware },
    iommuGroups:
      groups.length === 0
        ? null
        : groups.map(({ id, devices, reservedRegions }) => ({
            id,
            devices: [...devices],
            reservedRegions: reservedRegions === null ? null : [...reservedRegions],
          })),
    pciNames: null,
    linuxCmdline,
    pciDetails: (address) => details.get(keyOf(address)) ?? UNKNOWN_DETAILS,
    notes: [],
  };
}

const detailsOf = ({ classCode, vendorId, deviceId, driver }: SeenFunction): PciDetails => ({
  ...UNKNOWN_DETAILS,
  classCode,
  vendorId,
  deviceId,
  driver,
});

function topologyOf({ functions, functionsWhole }: Facts): PciTopology | null {
  if (functions.length === 0) return null;
  const seen = functions.map((fn): PciFunction => ({ ...fn.address, config: configOf(fn) }));
  return new PciTopology(seen, { partial: !functionsWhole });
}

/** The header of a configuration space as far as it was shown; none where that would mislead. */
function configOf({
  vendorId,
  deviceId,
  classCode,
  headerType,
  secondary,
  subordinate,
}: SeenFunction): Uint8Array {
  const isBridge = headerType === 1 || headerType === 2;
  if (vendorId === null || deviceId === null || classCode === null) return NO_BYTES;
  if (isBridge && (secondary === null || subordinate === null)) return NO_BYTES;
  const config = new Uint8Array(CONFIG_HEADER);
  const view = new DataView(config.buffer);
  view.setUint16(CONFIG.vendorId, vendorId, true);
  view.setUint16(CONFIG.deviceId, deviceId, true);
  config[CONFIG.classCode] = classCode & 0xff;
  view.setUint16(CONFIG.classCode + 1, classCode >> 8, true);
  config[CONFIG.headerType] = headerType ?? 0;
  if (isBridge) {
    config[CONFIG.secondaryBus] = secondary ?? 0;
    config[CONFIG.subordinateBus] = subordinate ?? 0;
  }
  return config;
}

/** First address that no physical memory has. */
const END_OF_MEMORY = 1n << 64n;

/** The memory map; where only parts of it were shown, the rest is taken as reserved, as where none is known. */
function memoryMapOf({ memoryMap, memoryMapWhole }: Facts): MemoryRange[] | null {
  if (memoryMap === null) return null;
  if (memoryMapWhole) return [...memoryMap];
  const filled: MemoryRange[] = [];
  let end = 0n;
  for (const range of memoryMap) {
    if (range.start > end) filled.push({ start: end, end: range.start, type: E820.reserved });
    filled.push(range);
    if (range.end > end) end = range.end;
  }
  if (end < END_OF_MEMORY) filled.push({ start: end, end: END_OF_MEMORY, type: E820.reserved });
  return filled;
}
