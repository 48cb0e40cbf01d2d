import type { GuestAnswer } from '../../answers/guest.js';
import { csvFormat } from '../basics/csv.js';
import { guestAsides } from './asides.js';
import { type GuestRegionJson, regionsToJson } from './json.js';

/**
 * The guest's regions as CSV, the keys of a region in the guest's JSON, in libxl's order; devices are
 * separated by blanks.
 */
export const csv = csvFormat<GuestAnswer, GuestRegionJson & { path: string }>({
  rows: (answer) =>
    regionsToJson(answer).map((region) => ({ path: answer.source.path, ...region })),
  columns: {
    source: ({ path }) => path,
    start_pfn: ({ start_pfn }) => start_pfn,
    nr_pages: ({ nr_pages }) => nr_pages,
    base: ({ base }) => base,
    limit: ({ limit }) => limit,
    devices: ({ devices }) => devices.join(' '),
    assigned: ({ assigned }) => assigned.join(' '),
    policy: ({ policy }) => policy,
    fate: ({ fate }) => fate,
  },
  asides: guestAsides,
});
