import { PAGE_SIZE } from '../acpi/address.js';
import { E820, type MemoryRange } from '../host/host.js';
import type { Answer } from '../xen/hypercall.js';
import type { LabelledRange } from './address-space.js';
import { labelDevices } from './text.js';

/** What the firmware's memory map calls its types. */
const TYPES: Readonly<Record<number, string>> = {
  [E820.ram]: 'RAM',
  [E820.reserved]: 'reserved by the firmware',
  [E820.acpi]: 'ACPI tables',
  [E820.nvs]: 'ACPI non-volatile storage',
  [E820.unusable]: 'unusable',
};

const FOUR_GIB = 1n << 32n;

/**
 * A host's physical address space for a picture: its memory map, as far as it is known, and the reserved
 * regions over it.
 */
export function hostRanges(
  entries: Answer['entries'],
  memoryMap: readonly MemoryRange[] | null,
): LabelledRange[] {
  const regions = entries.map(
    ({ start_pfn, nr_pages, unit }): LabelledRange => ({
      start: start_pfn * PAGE_SIZE,
      end: (start_pfn + nr_pages) * PAGE_SIZE,
      kind: 'reserved',
      label: labelDevices(unit.devices.map(({ name }) => name)),
    }),
  );
  const memory = (memoryMap ?? []).map(
    ({ start, end, type }): LabelledRange => ({
      start,
      end,
      kind: type === E820.ram ? 'ram' : 'firmware',
      label: TYPES[type] ?? `memory of type ${type}`,
    }),
  );
  const end = [...regions, ...memory].reduce(
    (most, range) => (range.end > most ? range.end : most),
    FOUR_GIB,
  );
  const label = memoryMap === null ? 'no reserved region' : 'not in the memory map';
  return [{ start: 0n, end, kind: 'unused', label }, ...memory, ...regions];
}
