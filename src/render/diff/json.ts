import type { DiffAnswer } from '../../answers/diff.js';
import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import type { Detail } from '../../diff/details.js';
import type { Change } from '../../diff/diff.js';
import type { ReservedFrames } from '../../diff/guests.js';
import type { Format } from '../basics/format.js';
import { FORMAT_VERSION, type JsonObject, jsonInteger } from '../basics/json.js';
import { extentOf } from '../basics/region-json.js';
import { sourceToJson } from '../basics/source-json.js';

/** A report as the JSON Schema `diff` describes it. */
export function diffToJson(report: DiffAnswer): JsonObject {
  const { changes, guests, release, notes } = report;
  return {
    old: sourceToJson(report.old),
    new: sourceToJson(report.new),
    differ: changes.length > 0,
    changes: changes.map(changeToJson),
    guests: {
      xen: release.name,
      vtd: { old: vtdText(guests.vtd.old), new: vtdText(guests.vtd.new) },
      reserved: guests.reserved.map(framesToJson),
      freed: guests.freed.map(framesToJson),
    },
    devices: {
      blocked: report.devices.blocked.map((device) => ({ ...device })),
      unblocked: report.devices.unblocked.map((device) => ({ ...device })),
    },
    effects: report.effects,
    notes,
    format_version: FORMAT_VERSION,
  };
}

export const json: Format<DiffAnswer> = { document: diffToJson };

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
  ...extentOf(start, end - start),
  devices,
});
