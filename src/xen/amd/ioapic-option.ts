import { readDevice } from '../parse-pci.js';
import { readNumber } from '../strtoul.js';

/** Where `ivrs_ioapic[id]=` says that an I/O APIC is. */
export interface IoApicOverride {
  readonly id: number;
  /** Segment in bits 31:16, bus, device and function below. */
  readonly sbdf: number;
}

/** An ID has 8 bits. */
const MOST_ID = 0xffn;

/**
 * Reads `[id]=[seg:]bus:dev.func`, what follows `ivrs_ioapic` (xen/drivers/passthrough/amd/iommu_acpi.c,
 * parse_ivrs_ioapic).
 *
 * @returns null where Xen refuses the text
 */
export function parseIoApicOption(text: string): IoApicOverride | null {
  if (text[0] !== '[') return null;
  const id = readNumber(text, 1, 0);
  if (id.value > MOST_ID || !text.startsWith(']=', id.next)) return null;
  const device = readDevice(text, id.next + 2, 0);
  if (device === null || device.next !== text.length) return null;
  return { id: Number(id.value), sbdf: device.segment * 0x1_0000 + device.bdf };
}
