import { type FieldLine, readFields } from './fields.js';
import type { Listing } from './listing.js';

const FIELDS: Readonly<Record<string, 'segment' | 'base' | 'limit' | 'unit' | 'bus'>> = {
  Segment: 'segment',
  BaseAddress: 'base',
  LimitAddress: 'limit',
  Address: 'unit',
  StartBusNumber: 'bus',
};

function meaningOf(line: string): FieldLine | null {
  const [, name = '', value = ''] = /^[\s>]{0,40}([A-Za-z]{4,20})=([^\n]{1,200})$/.exec(line) ?? [];
  if (name === 'Type' && /^[A-Z]{4}$/.test(value)) {
    return { structure: value === 'DRHD' || value === 'RMRR' ? value : 'other' };
  }
  if (name === 'Type') return { scope: true };
  if (name === 'Flags') {
    return { field: 'flags', value: value.includes('INCLUDE_ALL') ? 1n : 0n };
  }
  if (name === 'Path') {
    const hops = Array.from(
      value.matchAll(/(\d{1,3}):(\d{1,3})/g),
      ([, device, func]) => [Number(device), Number(func)] as const,
    );
    return { hops };
  }
  const field = FIELDS[name];
  if (field === undefined || !/^(0x[0-9a-f]{1,16}|\d{1,10})$/i.test(value)) return null;
  return { field, value: BigInt(value) };
}

/** The DMAR table as FreeBSD's `acpidump -t` lists it (usr.sbin/acpi/acpidump/acpi.c, acpi_print_dmar). */
export const freebsd: Listing = (text, into) => {
  if (
    !text.lines.some((line) => /^[\s>]{0,40}DMAR: Length=\d/.test(line) || /Type=RMRR/.test(line))
  )
    return;
  readFields(text, into, meaningOf);
};
