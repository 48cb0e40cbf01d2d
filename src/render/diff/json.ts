import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import type { Detail } from '../../diff/dmar/details.js';
import type { Change } from '../../diff/dmar/diff.js';
import type { GuestChange, ReservedFrames } from '../../diff/dmar/guests.js';
import type { TableSource } from '../../evidence/source.js';
import type { Release } from '../../xen/releases.js';
import { type JsonObject, jsonInteger } from '../basics/json.js';
import { sourceToJson } from '../basics/source-json.js';

/** In what two tables differ, and what that means for guests. */
export interface DiffReport {
  readonly old: TableSource;
  readonly new: TableSource;
  readonly changes: readonly Change[];
  /** Whose behaviour the guests meet. */
  readonly release: Release;
  readonly guests: GuestChange;
  readonly notes: readonly string[];
}

/** A report as the JSON Schema `diff` describes it. */
export async function diffToJson(report: DiffReport): Promise<JsonObject> {
  const { changes, guests, release, notes } = report;
  return {
    old: await sourceToJson(report.old),
    new: await sourceToJson(report.new),
    differ: changes.length > 0,
    changes: changes.map(changeToJson),
    guests: {
      xen: release.name,
      vtd: { old: vtdText(guests.vtd.old), new: vtdText(guests.vtd.new) },
      reserved: guests.reserved.map(framesToJson),
      freed: guests.freed.map(framesToJson),
    },
    notes,
  };
}

const vtdText = (on: boolean): string => (on ? 'enabled' : 'disabled');

const changeToJson = ({ kind, what, subject, details, ...places }: Change): JsonObject => ({
  kind,
  what,
  subject,
  old: places.old && { ...places.old },
  new: places.new && { ...places.new },
  details: details.map((detail: Detail) => ({ ...detail })),
});

const framesToJson = ({ start, end, devices }: ReservedFrames): JsonObject => ({
  start_pfn: jsonInteger(start),
  nr_pages: jsonInteger(end - start),
  base: formatAddress(start * PAGE_SIZE),
  limit: formatAddress(end * PAGE_SIZE - 1n),
  devices,
});
