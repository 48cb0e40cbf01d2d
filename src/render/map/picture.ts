import type { MapAnswer } from '../../answers/map.js';
import { PAGE_SIZE } from '../../base/address.js';
import { E820, type MemoryRange } from '../../machine/host.js';
import type { Answer } from '../../xen/hypercall/hypercall.js';
import type { RdmMapResult } from '../../xen/rdm-map.js';
import type { LabelledRange, Picture } from '../basics/address-space.js';
import { labelDevices } from '../basics/text.js';
import { foldEntries } from './fold.js';

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
 * A host's physical address space: its memory map, as far as it is known, and the reserved regions over it,
 * those that are reported and those that are not.
 */
export function mapPicture({ source, host, result }: MapAnswer): Picture {
  const off = result.xen.iommu_enabled ? '' : ', none reported: VT-D IS OFF';
  return {
    title: `Reserved memory regions${off}: ${source.path}`,
    axis: 'host-physical address',
    ranges: hostRanges(result, host?.memoryMap ?? null),
  };
}

/** Entries with what they are for; AMD's driver has one for each device of a region. */
function labelled(
  driver: RdmMapResult['xen']['driver'],
  entries: Answer['entries'],
): { start_pfn: bigint; nr_pages: bigint; label: string }[] {
  if (driver !== 'amd') {
    return entries.map(({ start_pfn, nr_pages, unit }) => {
      return { start_pfn, nr_pages, label: labelDevices(unit.devices.map(({ name }) => name)) };
    });
  }
  return foldEntries(entries)
    .filter(({ start_pfn, nr_pages }) => nr_pages > 0n && start_pfn + nr_pages <= FRAMES)
    .map(({ start_pfn, nr_pages, devices }) => {
      return {
        start_pfn,
        nr_pages,
        label: devices === null ? 'all devices' : labelDevices(devices),
      };
    });
}

/** Frames of a 64-bit address space. */
const FRAMES = 1n << 52n;

function hostRanges(
  { xen, answer, missing }: RdmMapResult,
  memoryMap: readonly MemoryRange[] | null,
): LabelledRange[] {
  const hidden = missing.map(
    ({ base_address, end_address, reason }): LabelledRange => ({
      start: base_address,
      end: end_address + 1n,
      kind: 'hidden',
      label: `not reported: ${reason.replaceAll('-', ' ')}`,
    }),
  );
  const regions = labelled(xen.driver, answer?.entries ?? []).map(
    ({ start_pfn, nr_pages, label }): LabelledRange => ({
      start: start_pfn * PAGE_SIZE,
      end: (start_pfn + nr_pages) * PAGE_SIZE,
      kind: 'reserved',
      label,
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
  const end = [...regions, ...hidden, ...memory].reduce(
    (most, range) => (range.end > most ? range.end : most),
    FOUR_GIB,
  );
  const label = memoryMap === null ? 'no reserved region' : 'not in the memory map';
  return [{ start: 0n, end, kind: 'unused', label }, ...memory, ...hidden, ...regions];
}
