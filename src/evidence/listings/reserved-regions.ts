import { parseSbdf } from '../../base/sbdf.js';
import { addRegion, type Listing } from './listing.js';

const GROUP_PATH = /iommu_groups\/(\d{1,6})\/(reserved_regions|devices\/([0-9a-f:]{7,13}\.[0-7]))/;
const TYPES: ReadonlySet<string> = new Set(['direct', 'direct-relaxable', 'reserved', 'msi']);
const ADDRESS = /^0x[0-9a-f]{1,16}$/i;

/** First and last byte and type of a range; null where a line has none. */
function rangeIn(line: string): [base: bigint, limit: bigint, type: string] | null {
  if (!line.includes('0x')) return null;
  const words = line
    .toLowerCase()
    .split(/[\s:>]/)
    .filter((word) => word !== '');
  const at = words.findIndex((word, i) => i >= 2 && TYPES.has(word));
  const [first = '', last = '', type = ''] = at < 0 ? [] : words.slice(at - 2, at + 1);
  return ADDRESS.test(first) && ADDRESS.test(last) ? [BigInt(first), BigInt(last), type] : null;
}

/** Last byte of the map that an ISA bridge gets, which no RMRR asks for. */
const ISA_LIMIT = 0xffffffn;

/**
 * `/sys/kernel/iommu_groups/N/reserved_regions` as grep or head prints several, and the links of
 * `iommu_groups/N/devices` as find prints them. Ends are inclusive (Linux, drivers/iommu/iommu.c).
 */
export const reservedRegions: Listing = ({ lines, numbers }, into) => {
  const seen = new Set<string>();
  let group: number | null = null;
  for (const [i, line] of lines.entries()) {
    const [, id, , device] = GROUP_PATH.exec(line) ?? [];
    if (id !== undefined) group = Number(id);
    if (group !== null && device !== undefined) into.facts.group(group, parseSbdf(device));
    const range = rangeIn(line);
    if (range === null) continue;
    const [base, limit, type] = range;
    if (group !== null) into.facts.reserved(group, base, limit, type);
    const isRegion = type.startsWith('direct') && !(base === 0n && limit === ISA_LIMIT);
    const key = `${base}-${limit}`;
    if (!isRegion || seen.has(key)) continue;
    seen.add(key);
    addRegion(into, base, limit, null, numbers[i] ?? 0);
  }
};
