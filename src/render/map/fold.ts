import { deviceName } from '../../xen/amd/blocks.js';
import type { Answer } from '../../xen/hypercall/hypercall.js';
import type { ReportedRegion } from '../../xen/reported-region.js';

type Entry = Answer['entries'][number];

/** Entries that say the same, told apart only by the device that each is reported for. */
export interface FoldedEntries {
  readonly start_pfn: bigint;
  readonly nr_pages: bigint;
  /** The first one's. */
  readonly unit: ReportedRegion;
  /** How many there are. */
  readonly count: number;
  /** Devices, or runs of device IDs: `0000:00:00.3-0000:0f:1f.7`; null where the region is for all. */
  readonly devices: readonly string[] | null;
}

/**
 * Joins equal entries, as AMD's driver reports them: one for each device that a region is for. What comes
 * first stays first.
 */
export function foldEntries(entries: readonly Entry[]): FoldedEntries[] {
  const folded = new Map<string, { first: Entry; bdfs: number[] }>();
  for (const entry of entries) {
    const { start_pfn, nr_pages, unit } = entry;
    const key = `${start_pfn} ${nr_pages} ${unit.global} ${JSON.stringify(unit.origin)}`;
    const bdf = unit.devices[0]?.bdf ?? 0;
    const known = folded.get(key);
    if (known === undefined) folded.set(key, { first: entry, bdfs: [bdf] });
    else known.bdfs.push(bdf);
  }
  return [...folded.values()].map(({ first: { start_pfn, nr_pages, unit }, bdfs }) => ({
    start_pfn,
    nr_pages,
    unit,
    count: bdfs.length,
    devices: unit.global ? null : runsOf(bdfs),
  }));
}

/** Device IDs as addresses, those that follow each other as the first and the last. */
function runsOf(bdfs: readonly number[]): string[] {
  const runs: { first: number; last: number }[] = [];
  for (const bdf of [...new Set(bdfs)].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.last === bdf - 1) run.last = bdf;
    else runs.push({ first: bdf, last: bdf });
  }
  return runs.map(({ first, last }) =>
    first === last ? deviceName(first) : `${deviceName(first)}-${deviceName(last)}`,
  );
}
