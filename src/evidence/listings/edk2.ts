import { type FieldLine, readFields } from './fields.js';
import type { Listing } from './listing.js';

const FIELDS: readonly (readonly [
  RegExp,
  'segment' | 'base' | 'limit' | 'unit' | 'flags' | 'bus',
])[] = [
  [/^Segment Number$/, 'segment'],
  [/^Reserved (?:Memory )?Region Base Address$/, 'base'],
  [/^Reserved (?:Memory )?Region Limit Address$/, 'limit'],
  [/^Register Base Address$/, 'unit'],
  [/^Flags$/, 'flags'],
  [/^Start(?:ing)? Bus Number$/, 'bus'],
];

const HEADINGS: readonly (readonly [RegExp, 'DRHD' | 'RMRR' | 'other'])[] = [
  [/^DRHD address/, 'DRHD'],
  [/^RMRR address/, 'RMRR'],
  [/^(?:ATSR|RHSA|ANDD|SATC|SIDP) address/, 'other'],
];

/** Device and function of one hop, which stand on lines of their own. */
class Path {
  #device: number | null = null;

  take(name: string, value: bigint): FieldLine | null {
    if (name === 'Device') this.#device = Number(value & 0xffn);
    if (name !== 'Function' || this.#device === null) return null;
    const hop = [this.#device, Number(value & 0xffn)] as const;
    this.#device = null;
    return { hops: [hop] };
  }
}

/** The DMAR table as EDK II's VT-d driver prints it while it starts (IntelSiliconPkg, DmarAcpiTable.c). */
export const edk2: Listing = (text, into) => {
  if (!text.lines.some((line) => /DMA-Remapping|(?:DRHD|RMRR) address \.{3}/.test(line))) return;
  const path = new Path();
  readFields(text, into, (line) => {
    const bare = line.replace(/^[\s>*]{1,80}/, '');
    const [, heading] = HEADINGS.find(([pattern]) => pattern.test(bare)) ?? [];
    if (heading !== undefined) return { structure: heading };
    const [, name = '', digits = ''] =
      /^([A-Za-z][A-Za-z -]{2,50}) \.{2,80} 0x([0-9a-f]{1,16})/i.exec(bare) ?? [];
    if (name === '') return null;
    if (name.endsWith('Device Scope Entry address')) return { scope: true };
    const value = BigInt(`0x${digits}`);
    const hop = path.take(name, value);
    if (hop !== null) return hop;
    const [, field] = FIELDS.find(([pattern]) => pattern.test(name)) ?? [];
    return field === undefined ? null : { field, value };
  });
};
