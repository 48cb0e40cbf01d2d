import { csvLine } from '../basics/csv.js';
import { type DevicesAnswer, deviceToJson } from './json.js';

/** Names of the columns: keys of a device in the JSON. */
export const DEVICES_CSV_HEADING =
  'source,device,vendor_id,device_id,name,class,class_name,driver,physical_function,iommu_group,regions,memory,linux,linux_reason,xen,xen_reason\n';

/**
 * The devices as CSV, a line each; regions are separated by blanks.
 *
 * @param path the source, to tell several apart
 */
export const devicesToCsv = (path: string, { reports, names }: DevicesAnswer): string =>
  reports
    .map((report) => {
      const { linux, xen, restriction, candidate } = report;
      const json = deviceToJson(report, names);
      return csvLine([
        path,
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
    })
    .join('');
