import type { DevicesAnswer } from '../../answers/devices.js';
import { csvLine } from '../basics/csv.js';
import { asidesOf, type Format } from '../basics/format.js';
import { deviceToJson } from './json.js';

/** The devices as CSV, the keys of a device in the JSON; regions are separated by blanks. */
export const csv: Format<DevicesAnswer> = {
  heading:
    'source,device,vendor_id,device_id,name,class,class_name,driver,physical_function,iommu_group,regions,memory,linux,linux_reason,xen,xen_reason\n',
  pieces: ({ source, reports, names }) =>
    reports.map((report) => {
      const { linux, xen, restriction, candidate } = report;
      const json = deviceToJson(report, names);
      return csvLine([
        source.path,
        json.device,
        json.vendor_id ?? '',
        json.device_id ?? '',
        json.name ?? '',
        json.class ?? '',
        json.class_name ?? '',
        json.driver ?? '',
        json.physical_function ?? '',
        candidate.group?.id ?? '',
        json.regions.map(({ base, limit }) => `${base}-${limit}`).join(' '),
        restriction?.kind ?? '',
        linux.verdict,
        linux.reason,
        xen.verdict,
        xen.reason,
      ]);
    }),
  asides: ({ notes, diagnostics }) => asidesOf(notes, diagnostics),
};
