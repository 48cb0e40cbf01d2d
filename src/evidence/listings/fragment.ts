import { type FieldLine, readFields } from './fields.js';
import type { Listing } from './listing.js';

/** `[068h 0104   8]                 Base Address : 00000000B5DA5000` */
const FIELD =
  /\[[0-9a-f]{3,8}h {1,4}\d{1,10} {1,8}[0-9a-f]{1,8}h?\] {1,60}([A-Z][A-Za-z ()-]{2,60}) : (.{1,200})/i;

const FIELDS: Readonly<Record<string, 'segment' | 'base' | 'limit' | 'unit' | 'flags' | 'bus'>> = {
  'PCI Segment Number': 'segment',
  'Base Address': 'base',
  'End Address (limit)': 'limit',
  'Register Base Address': 'unit',
  Flags: 'flags',
  'PCI Bus Number': 'bus',
};

/** Types of structures (VT-d specification, "Remapping Structure Types"). */
const STRUCTURES = ['DRHD', 'RMRR'] as const;

function meaningOf(line: string): FieldLine | null {
  const [, name = '', text = ''] = FIELD.exec(line) ?? [];
  const digits = /^[0-9a-f]{1,16}(?![0-9a-f])/i.exec(text)?.[0] ?? '';
  if (name === 'Subtable Type' && digits !== '') {
    return { structure: STRUCTURES[Number.parseInt(digits, 16)] ?? 'other' };
  }
  if (name === 'Device Scope Type') return { scope: true };
  if (name === 'PCI Path') {
    const [, device = '', func = ''] = /^\[?([0-9a-f]{2}), ?([0-9a-f]{2})\]?/i.exec(text) ?? [];
    if (device === '') return null;
    return { hops: [[Number.parseInt(device, 16), Number.parseInt(func, 16)]] };
  }
  const field = FIELDS[name];
  return field === undefined || digits === '' ? null : { field, value: BigInt(`0x${digits}`) };
}

/** Structures of a table that iasl listed, of which a paste kept some and not the header. */
export const fragment: Listing = (text, into) => {
  if (text.lines.some((line) => /\[0{3,8}h {1,4}0{1,10} /i.test(line))) return;
  readFields(text, into, meaningOf);
};
