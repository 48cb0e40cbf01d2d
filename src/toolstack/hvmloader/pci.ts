import type { Sbdf } from '../../base/sbdf.js';
import type { PciBar } from '../../machine/host.js';
import { type E820Entry, GIB, HIGH_MEMORY_START } from '../libxl/layout.js';
import { overlapsEntry, type RamEnds, reservedEntries } from './memory-map.js';
import type { Hvmloader } from './releases.js';

/** A function on the guest's bus, emulated or passed through. */
export interface GuestFunction {
  /** Device in bits 7:3, function in bits 2:0. */
  readonly devfn: number;
  readonly vendor: number;
  readonly device: number;
  /** Class and subclass: 0x0300 is VGA. */
  readonly pciClass: number;
  readonly bars: readonly PciBar[];
  /** The host's function that is passed through here; none where it is emulated. */
  readonly host?: Sbdf;
}

/** Where hvmloader put a BAR. */
export interface PlacedBar {
  readonly devfn: number;
  readonly bar: number;
  readonly kind: PciBar['kind'];
  /** Bytes. */
  readonly size: bigint;
  /** null: there was no space; the function does not decode it. */
  readonly address: bigint | null;
}

/** What pci_setup is given beside the functions. */
export interface PciSettings {
  /** Bytes of `platform/mmio_hole_size`; 0 where libxl writes none. */
  readonly mmioHoleSize: bigint;
  /** `hvmloader/allow-memory-relocate`: whether RAM may be moved to make the hole larger. */
  readonly allowMemoryRelocate: boolean;
  /** Bits of the CPU's physical addresses. */
  readonly physicalAddressBits: number;
}

/** The guest's PCI resources after pci_setup. */
export interface PciSetup {
  readonly pciMemStart: bigint;
  readonly pciMemEnd: bigint;
  /** Above 4 GiB, as ACPI's _CRS tells the guest; null where no BAR went there. */
  readonly highWindow: { readonly start: bigint; readonly end: bigint } | null;
  /** By function and register. */
  readonly bars: readonly PlacedBar[];
  readonly ram: RamEnds;
}

/** Where the hole begins by default (HVM_BELOW_4G_MMIO_START), and where it ends in every release. */
const PCI_MEM_START = 0xf000_0000n;
const PCI_MEM_END = 0xfc00_0000n;
const IO_WINDOW = { start: 0xc000n, end: 0x1_0000n };

/** A BAR on its way to an address. */
interface Wanted extends PciBar {
  readonly devfn: number;
}

const isIo = ({ kind }: PciBar): boolean => kind === 'io';
const alignUp = (value: bigint, size: bigint): bigint => (value + size - 1n) & ~(size - 1n);

/**
 * Sizes the hole below 4 GiB, moves RAM out of it where that is allowed, and gives each BAR an address
 * (tools/firmware/hvmloader/pci.c, pci_setup).
 *
 * @param functions those of the guest's bus 0
 * @param map libxl's
 */
export function setUpPci(
  functions: readonly GuestFunction[],
  map: readonly E820Entry[],
  ram: RamEnds,
  settings: PciSettings,
  hvmloader: Hvmloader,
): PciSetup {
  const wanted = functions
    .toSorted((a, b) => a.devfn - b.devfn)
    .flatMap(({ devfn, bars }) =>
      bars.toSorted((a, b) => a.bar - b.bar).map((bar): Wanted => ({ ...bar, devfn })),
    )
    // The sort is stable: equal sizes keep their order of discovery.
    .sort((a, b) => (a.size === b.size ? 0 : a.size < b.size ? 1 : -1));
  const goesUp = ({ kind, size }: PciBar) =>
    hvmloader.sendsLargeBarsUp && kind === 'mem64' && size > GIB;
  const total = wanted
    .filter((bar) => !isIo(bar) && !goesUp(bar))
    .reduce((sum, { size }) => sum + size, 0n);
  const reserved = reservedEntries(map);
  const pciMemStart = holeStart(total, reserved, ram, settings);
  const after = relocateRam(ram, pciMemStart);
  const relocates = wanted.some(goesUp) || total > PCI_MEM_END - pciMemStart;
  const placer = new Placer(pciMemStart, reserved, after, settings, hvmloader, total, relocates);
  const bars = wanted.map((bar): PlacedBar => {
    const address = placer.place(bar, goesUp(bar));
    return { ...bar, address };
  });
  return {
    pciMemStart,
    pciMemEnd: PCI_MEM_END,
    highWindow: placer.highWindow(),
    bars: bars.sort((a, b) => a.devfn - b.devfn || a.bar - b.bar),
    ram: after,
  };
}

/** Where the hole begins: as asked for, or doubled until the BARs fit, or right at the end of RAM for a region's sake. */
function holeStart(
  total: bigint,
  reserved: readonly E820Entry[],
  { lowmemEnd }: RamEnds,
  { mmioHoleSize, allowMemoryRelocate }: PciSettings,
): bigint {
  if (mmioHoleSize !== 0n) {
    const asked = HIGH_MEMORY_START - mmioHoleSize;
    return asked > PCI_MEM_START ? PCI_MEM_START : asked;
  }
  let start = PCI_MEM_START;
  while (total > PCI_MEM_END - start) {
    const doubled = BigInt.asUintN(32, start << 1n);
    if (doubled === 0n || !(allowMemoryRelocate || doubled >= lowmemEnd)) break;
    start = doubled;
  }
  const hits = reserved.some((entry) => overlapsEntry(start, PCI_MEM_END - start, entry));
  return start > lowmemEnd && hits ? lowmemEnd : start;
}

/** Moves the RAM that reaches into the hole to the end of that above 4 GiB. */
function relocateRam({ lowmemEnd, highmemEnd }: RamEnds, pciMemStart: bigint): RamEnds {
  if (lowmemEnd <= pciMemStart) return { lowmemEnd, highmemEnd };
  const excess = lowmemEnd - pciMemStart;
  return { lowmemEnd: pciMemStart, highmemEnd: (highmemEnd || HIGH_MEMORY_START) + excess };
}

/** Hands out addresses, the largest BAR first. */
class Placer {
  readonly #reserved: readonly E820Entry[];
  readonly #relocates: boolean;
  readonly #eachBar: boolean;
  readonly #highEnd: bigint;
  #left: bigint;
  #low: bigint;
  #high: bigint;
  #io = IO_WINDOW.start;
  #highStart: bigint | null = null;
  #next: E820Entry | null;

  /**
   * @param left bytes of the memory BARs that are still to be placed below 4 GiB
   * @param relocates whether BARs may go above 4 GiB
   */
  constructor(
    pciMemStart: bigint,
    reserved: readonly E820Entry[],
    { highmemEnd }: RamEnds,
    { physicalAddressBits }: PciSettings,
    { looksUpRegion }: Hvmloader,
    left: bigint,
    relocates: boolean,
  ) {
    this.#reserved = reserved;
    this.#relocates = relocates;
    this.#eachBar = looksUpRegion === 'each-bar';
    this.#highEnd = 1n << BigInt(physicalAddressBits);
    this.#left = left;
    this.#low = pciMemStart;
    this.#high = highmemEnd > HIGH_MEMORY_START ? highmemEnd : HIGH_MEMORY_START;
    this.#next = this.#nextRegion(pciMemStart);
  }

  /** @param goesUp whether the BAR is too large for the hole by rule, and does not count there */
  place(bar: PciBar, goesUp: boolean): bigint | null {
    if (isIo(bar)) return this.#placeIo(bar.size);
    const isHigh =
      bar.kind === 'mem64' && this.#relocates && (goesUp || this.#left > PCI_MEM_END - this.#low);
    if (!goesUp) this.#left -= bar.size;
    return isHigh ? this.#placeHigh(bar.size) : this.#placeLow(bar.size);
  }

  /** What the guest is told of the window above 4 GiB. */
  highWindow(): PciSetup['highWindow'] {
    const start = this.#highStart;
    if (start === null) return null;
    return { start, end: ((this.#high - 1n) | ((start & -start) - 1n)) + 1n };
  }

  #placeIo(size: bigint): bigint | null {
    const base = alignUp(this.#io, size);
    if (base + size > IO_WINDOW.end) return null;
    this.#io = base + size;
    return base;
  }

  /** Reserved regions above 4 GiB are not looked at. */
  #placeHigh(size: bigint): bigint | null {
    this.#high = alignUp(this.#high, size);
    this.#highStart ??= this.#high;
    const base = this.#high;
    if (base + size > this.#highEnd) return null;
    this.#high = base + size;
    return base;
  }

  /** The gap below a region that is passed is not used again. */
  #placeLow(size: bigint): bigint | null {
    let base = alignUp(this.#low, size);
    if (this.#eachBar) this.#next = this.#nextRegion(base);
    while (this.#next !== null && overlapsEntry(base, size, this.#next)) {
      base = alignUp(this.#next.start + this.#next.size, size);
      this.#next = this.#nextRegion(base);
    }
    if (base + size > PCI_MEM_END) return null;
    this.#low = base + size;
    return base;
  }

  /**
   * The reserved region with the lowest end after an address, of which 32 bits are looked at; one that
   * crosses 4 GiB is never seen (find_next_rmrr).
   */
  #nextRegion(address: bigint): E820Entry | null {
    const base = BigInt.asUintN(32, address);
    let next: E820Entry | null = null;
    for (const entry of this.#reserved) {
      const end = entry.start + entry.size;
      if (
        end > base &&
        end <= HIGH_MEMORY_START &&
        (next === null || end < next.start + next.size)
      ) {
        next = entry;
      }
    }
    return next;
  }
}
