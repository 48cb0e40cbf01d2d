import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../src/base/address.js';
import { E820 } from '../../../src/machine/host.js';
import { runHvmloader } from '../../../src/toolstack/hvmloader/hvmloader.js';
import { hvmloaderOf } from '../../../src/toolstack/hvmloader/releases.js';
import {
  everyTenthAltered,
  guestVectorFolders,
  type HvmloaderVector,
  readGuestVectors,
} from '../../support/guest-vectors.js';

const TYPES: Record<number, string> = {
  [E820.ram]: 'RAM',
  [E820.reserved]: 'reserved',
  [E820.nvs]: 'NVS',
};
const address = (value: bigint | null) => (value === null ? null : formatAddress(value));

/** What the library says of a vector, in the vector's own form. */
function answerFor({ release, input }: HvmloaderVector): HvmloaderVector['expected'] {
  const result = runHvmloader(
    {
      map: input.toolstack_e820.map(({ base, size, type }) => ({
        start: BigInt(base),
        size: BigInt(size),
        type: type === 'RAM' ? E820.ram : E820.reserved,
      })),
      ram: { lowmemEnd: BigInt(input.lowmem_end), highmemEnd: BigInt(input.highmem_end ?? 0) },
      mmioHoleSize: BigInt(input.mmio_hole_size),
      allowMemoryRelocate: input.allow_memory_relocate,
      physicalAddressBits: input.physical_address_bits,
      acpiPages: input.acpi_pages,
      firmware: {
        lowmemReservedBase: BigInt(input.lowmem_reserved_base),
        biosImageBase: BigInt(input.bios_image_base),
      },
      functions: input.devices.map(({ pci_class, bars, ...fn }) => ({
        ...fn,
        pciClass: pci_class,
        bars: bars.map((bar) => ({ ...bar, size: BigInt(bar.size) })),
      })),
    },
    hvmloaderOf(release),
  );
  if (!result.boots) return { boots: false, stops_in: result.stopsIn };
  const { ram, highWindow } = result;
  return {
    boots: true,
    stops_in: null,
    lowmem_end: formatAddress(ram.lowmemEnd),
    highmem_end: address(ram.highmemEnd === 0n ? null : ram.highmemEnd),
    pci_mem_start: formatAddress(result.pciMemStart),
    pci_mem_end: formatAddress(result.pciMemEnd),
    high_window:
      highWindow === null ? null : [formatAddress(highWindow.start), formatAddress(highWindow.end)],
    bars: result.bars.map(({ devfn, bar, size, address: at }) => ({
      devfn,
      bar,
      size: Number(size),
      address: address(at),
    })),
    e820: result.e820.map(({ start, size, type }) => ({
      base: formatAddress(start),
      size: Number(size),
      type: TYPES[type] ?? String(type),
    })),
  };
}

describe.each(guestVectorFolders())('hvmloader of %s', (folder) => {
  const vectors = readGuestVectors<HvmloaderVector>(folder, 'hvmloader.jsonl');

  it('leaves the map, hole and BARs that hvmloader itself left', () => {
    console.log(`hvmloader.jsonl: ${vectors.length} machines compared`);
    for (const vector of vectors) {
      expect(answerFor(vector), vector.name).toEqual(vector.expected);
    }
    expect(vectors.length).toBeGreaterThan(0);
  });

  it('is found wrong wherever an expected value is altered', () => {
    const agreeing = everyTenthAltered(vectors).filter((vector) =>
      isDeepStrictEqual(answerFor(vector), vector.expected),
    );
    expect(agreeing.map(({ name }) => name)).toEqual([]);
  });
});
