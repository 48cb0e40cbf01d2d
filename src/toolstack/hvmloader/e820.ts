import { E820 } from '../../machine/host.js';
import { type E820Entry, HIGH_MEMORY_START, LOW_MEMORY_START } from '../libxl/layout.js';
import { DYNAMIC_END } from './memory-map.js';
import type { Hvmloader } from './releases.js';

/** Who hands the map to the guest's kernel. */
export type Firmware = 'seabios' | 'ovmf' | 'rombios';

/** What a BIOS tells build_e820_table of the first MiB. */
export interface FirmwareAreas {
  /** First byte of the reserved memory below 640 KiB; 0xa0000 where there is none. */
  readonly lowmemReservedBase: bigint;
  /** First byte of the BIOS's image. */
  readonly biosImageBase: bigint;
}

/** Of SeaBIOS the usual image, 256 KiB, that ends at 1 MiB. */
export const FIRMWARE_AREAS: Readonly<Record<Firmware, FirmwareAreas>> = {
  seabios: { lowmemReservedBase: 0xa_0000n, biosImageBase: 0xc_0000n },
  ovmf: { lowmemReservedBase: 0xa_0000n, biosImageBase: 0xf_0000n },
  rombios: { lowmemReservedBase: 0x9_e000n, biosImageBase: 0xe_0000n },
};

/** Entries that SeaBIOS and OVMF are given room for; more are written past it (seabios.c, ovmf.c). */
export const E820_ROOM = 16;
/** The last 64 MiB below 4 GiB (RESERVED_MEMBASE), whose first page tells ACPI's tables of the guest. */
const RESERVED_START = 0xfc00_0000n;
const ACPI_START = 0xfc00_1000n;
const PAGE = 0x1000n;
/** Pages for the OpRegion of an Intel graphics card. */
const OPREGION_PAGES = 3n;
/** RAM below 4 GiB that hvmloader needs. */
export const LEAST_LOW_RAM = 2n << 20n;

/**
 * Builds the E820 that the BIOS hands to the guest's kernel (tools/firmware/hvmloader/e820.c,
 * build_e820_table). Nothing is merged: entries may overlap.
 *
 * @param map libxl's, adjusted
 * @param acpiPages pages of 4 KiB that ACPI's tables take; null: ACPI is off
 * @param hasOpRegion whether an Intel graphics card is the primary one
 * @returns sorted as hvmloader sorts it
 */
export function buildE820Table(
  map: readonly E820Entry[],
  { lowmemReservedBase, biosImageBase }: FirmwareAreas,
  acpiPages: number | null,
  hasOpRegion: boolean,
  { dynamicStart }: Hvmloader,
): E820Entry[] {
  const entries: E820Entry[] = [];
  const add = (start: bigint, end: bigint, type: number) =>
    entries.push({ start, size: end - start, type });
  add(0n, lowmemReservedBase, E820.ram);
  if (lowmemReservedBase < 0xa_0000n) add(lowmemReservedBase, 0xa_0000n, E820.reserved);
  add(biosImageBase, LOW_MEMORY_START, E820.reserved);

  const showsAcpi = dynamicStart > ACPI_START && acpiPages !== null;
  const reservedStart = showsAcpi ? ACPI_START + BigInt(acpiPages) * PAGE : RESERVED_START;
  if (showsAcpi) add(RESERVED_START, reservedStart, E820.nvs);
  if (hasOpRegion) {
    const opRegion = DYNAMIC_END - OPREGION_PAGES * PAGE;
    add(reservedStart, opRegion, E820.reserved);
    add(opRegion, DYNAMIC_END, E820.nvs);
    add(DYNAMIC_END, HIGH_MEMORY_START, E820.reserved);
  } else {
    add(reservedStart, HIGH_MEMORY_START, E820.reserved);
  }
  return exchangeSort([...entries, ...map]);
}

/** hvmloader's sort, by the start alone: where starts are equal its order is not that of the entries. */
function exchangeSort(entries: E820Entry[]): E820Entry[] {
  for (let j = 0; j < entries.length - 1; j++) {
    for (let i = j + 1; i < entries.length; i++) {
      const [a, b] = [entries[j], entries[i]];
      if (a !== undefined && b !== undefined && a.start > b.start) {
        entries[j] = b;
        entries[i] = a;
      }
    }
  }
  return entries;
}
