import { readNumber } from './strtoul.js';

/** A PCI function as Xen's command line names it. */
export interface NamedDevice {
  readonly segment: number;
  /** Bus, device and function in bits 15:8, 7:3 and 2:0. */
  readonly bdf: number;
  /** Position after the text that was read. */
  readonly next: number;
}

/**
 * Reads `[seg:]bus:dev.func` (xen/drivers/pci/pci.c, parse_pci_seg): an omitted number counts as 0.
 *
 * @param defaultSegment where the text names none
 * @returns null where the text is no such address
 */
export function readDevice(text: string, pos: number, defaultSegment: number): NamedDevice | null {
  const first = readNumber(text, pos, 16);
  if (text[first.next] !== ':') return null;
  const second = readNumber(text, first.next + 1, 16);
  const hasSegment = text[second.next] === ':';
  const third = hasSegment ? readNumber(text, second.next + 1, 16) : second;
  const segment = hasSegment ? first.value : BigInt(defaultSegment);
  const bus = hasSegment ? second.value : first.value;
  if (text[third.next] !== '.') return null;
  const func = readNumber(text, third.next + 1, 0);
  if (segment > 0xffffn || bus > 0xffn || third.value > 0x1fn || func.value > 7n) return null;
  const bdf = Number(bus * 0x100n + third.value * 8n + func.value);
  return { segment: Number(segment), bdf, next: func.next };
}
