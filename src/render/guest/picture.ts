import type { GuestAnswer } from '../../answers/guest.js';
import {
  type GuestLayout,
  HIGH_MEMORY_START,
  LOW_MEMORY_START,
  MIB,
} from '../../toolstack/libxl/layout.js';
import type { LabelledRange, Picture, RangeKind } from '../basics/address-space.js';
import { labelDevices } from '../basics/text.js';

const KIND = {
  exposed: 'reserved',
  'ram-moved': 'reserved',
  hidden: 'hidden',
  refused: 'refused',
} as const satisfies Record<string, RangeKind>;

/** A guest's physical address space, drawn. */
export const guestPicture = ({ config, layout, refusal }: GuestAnswer): Picture => ({
  title: `Guest with ${config.memory / MIB} MiB of RAM${refusal === null ? '' : ', which cannot be created'}`,
  axis: 'guest-physical address',
  ranges: guestRanges(layout),
});

/** A guest's physical address space for a picture: RAM, the MMIO hole and the reserved regions. */
export function guestRanges({
  lowmemEnd,
  mmioStart,
  highmemEnd,
  regions,
}: GuestLayout): LabelledRange[] {
  return [
    { start: 0n, end: LOW_MEMORY_START, kind: 'firmware', label: 'first MiB: BIOS and VGA' },
    { start: LOW_MEMORY_START, end: lowmemEnd, kind: 'ram', label: 'RAM' },
    { start: mmioStart, end: HIGH_MEMORY_START, kind: 'mmio', label: 'MMIO hole' },
    { start: HIGH_MEMORY_START, end: highmemEnd, kind: 'ram', label: 'RAM' },
    ...regions.map(({ start, size, fate, owners }) => ({
      start,
      end: start + size,
      kind: KIND[fate],
      label: labelDevices(owners),
    })),
  ];
}
