import type { GuestOutcome } from '../../answers/guest.js';
import type { Booted } from '../../toolstack/hvmloader/hvmloader.js';
import {
  type GuestLayout,
  HIGH_MEMORY_START,
  LOW_MEMORY_START,
  MIB,
} from '../../toolstack/libxl/layout.js';
import type { LabelledRange, Picture, RangeKind } from '../basics/address-space.js';
import type { DeviceSets } from '../basics/device-sets.js';
import { labelDevices } from '../basics/text.js';
import { foldRegions } from './fold.js';

const KIND = {
  exposed: 'reserved',
  'ram-moved': 'reserved',
  hidden: 'hidden',
  refused: 'refused',
} as const satisfies Record<string, RangeKind>;

/** A guest's physical address space, drawn. */
export const guestPicture = (outcome: GuestOutcome): Picture => ({
  title: `Guest with ${outcome.config.memory / MIB} MiB of RAM${outcome.refusal === null ? '' : ', which cannot be created'}`,
  axis: 'guest-physical address',
  ranges: guestRanges(outcome),
});

/**
 * A guest's physical address space for a picture: RAM, the hole for BARs and the reserved regions. Where
 * the guest boots, RAM and hole are as its kernel finds them; else as libxl lays them out.
 *
 * @param sets lists of devices that a legend beside the picture names
 */
export function guestRanges({ layout, final }: GuestOutcome, sets?: DeviceSets): LabelledRange[] {
  const booted = final?.result.boots === true ? final.result : null;
  const { lowmemEnd, highmemEnd } = booted?.ram ?? layout;
  return [
    { start: 0n, end: LOW_MEMORY_START, kind: 'firmware', label: 'first MiB: BIOS and VGA' },
    { start: LOW_MEMORY_START, end: lowmemEnd, kind: 'ram', label: 'RAM' },
    ...(booted === null ? holeOf(layout) : holeWithBars(booted)),
    { start: HIGH_MEMORY_START, end: highmemEnd, kind: 'ram', label: 'RAM' },
    ...foldRegions(layout.regions).map(({ start, size, fate, owners }) => ({
      start,
      end: start + size,
      kind: KIND[fate],
      label: sets?.name(owners) ?? labelDevices(owners),
    })),
  ];
}

const holeOf = ({ mmioStart }: GuestLayout): LabelledRange[] => [
  { start: mmioStart, end: HIGH_MEMORY_START, kind: 'mmio', label: 'MMIO hole' },
];

/** The hole as hvmloader leaves it, with what lies behind it, and the window above 4 GiB. */
function holeWithBars({ pciMemStart, pciMemEnd, highWindow }: Booted): LabelledRange[] {
  const low: LabelledRange[] = [
    { start: pciMemStart, end: pciMemEnd, kind: 'mmio', label: 'PCI hole' },
    { start: pciMemEnd, end: HIGH_MEMORY_START, kind: 'firmware', label: 'ACPI, APICs, firmware' },
  ];
  return highWindow === null
    ? low
    : [...low, { ...highWindow, kind: 'mmio', label: 'PCI window above 4 GiB' }];
}
