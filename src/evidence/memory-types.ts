import { E820 } from '../machine/host.js';

/** E820 number of a type that Linux has no word for; its own number is not shown. */
export const UNKNOWN_MEMORY_TYPE = 0xffffffff;

/**
 * Words for types of memory in lower case: of `sys/firmware/memmap/N/type` (Linux, arch/x86/kernel/e820.c,
 * e820_type_to_string), of the maps that Linux and Xen print as they start, and of /proc/iomem.
 */
const MEMORY_TYPES: ReadonlyMap<string, number> = new Map([
  ['system ram', E820.ram],
  ['usable', E820.ram],
  ['reserved', E820.reserved],
  ['device reserved', E820.reserved],
  ['acpi tables', E820.acpi],
  ['acpi data', E820.acpi],
  ['acpi non-volatile storage', E820.nvs],
  ['acpi nvs', E820.nvs],
  ['unusable memory', E820.unusable],
  ['unusable', E820.unusable],
  ['persistent memory', E820.persistent],
  ['persistent memory (legacy)', E820.persistentLegacy],
  ['soft reserved', E820.softReserved],
]);

/** The E820 type that a word stands for; null for a word that is none. */
export function memoryType(word: string): number | null {
  const text = word.trim().toLowerCase();
  const known = MEMORY_TYPES.get(text);
  if (known !== undefined) return known;
  const number = /^(?:persistent[a-z ]{0,20}\(?)?type (\d{1,10})\)?$/.exec(text)?.[1];
  return number === undefined ? null : Number(number);
}
