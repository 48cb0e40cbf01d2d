import type { GuestRegion } from '../../toolstack/libxl/layout.js';

/**
 * Regions in libxl's order, with those that follow each other and differ in their devices alone as one:
 * AMD's driver reports a region once for each of its devices, which may be thousands.
 */
export function foldRegions(regions: readonly GuestRegion[]): GuestRegion[] {
  const folded: (GuestRegion & { owners: string[] })[] = [];
  for (const region of regions) {
    const last = folded.at(-1);
    const isSame =
      last !== undefined &&
      last.start === region.start &&
      last.size === region.size &&
      last.policy === region.policy &&
      last.fate === region.fate;
    if (isSame) last.owners.push(...region.owners);
    else folded.push({ ...region, owners: [...region.owners] });
  }
  return folded;
}
