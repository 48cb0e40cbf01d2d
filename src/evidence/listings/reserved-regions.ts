import { parseSbdf } from '../../base/sbdf.js';
import { addRegion, type Listing } from './listing.js';

const GROUP_PATH = /iommu_groups\/(\d{1,6})\/(reserved_regions|devices\/([0-9a-f:]{7,13}\.[0-7]))/;
const RANGE =
  /(0x[0-9a-f]{1,16})\s{1,8}(0x[0-9a-f]{1,16})\s{1,8}(direct-relaxable|direct|reserved|msi)\b/i;

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
    const [, first, last, type = ''] = RANGE.exec(line) ?? [];
    if (first === undefined || last === undefined) continue;
    const [base, limit] = [BigInt(first), BigInt(last)];
    if (group !== null) into.facts.reserved(group, base, limit, type.toLowerCase());
    const isRegion = /^direct/i.test(type) && !(base === 0n && limit === ISA_LIMIT);
    const key = `${base}-${limit}`;
    if (!isRegion || seen.has(key)) continue;
    seen.add(key);
    addRegion(into, base, limit, null, numbers[i] ?? 0);
  }
};
