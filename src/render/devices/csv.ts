import type { DeviceReport, DevicesAnswer } from '../../answers/devices.js';
import { formatAddress } from '../../base/address.js';
import { csvFormat } from '../basics/csv.js';
import { asidesOf } from '../basics/format.js';
import { functionToJson } from './json.js';

/** The devices as CSV, the keys of a device in the JSON; regions are separated by blanks. */
export const csv = csvFormat<DevicesAnswer, Row>({
  rows: ({ source, reports, names }) =>
    reports.map((report) => ({
      path: source.path,
      report,
      json: functionToJson(report, names),
    })),
  columns: {
    source: ({ path }) => path,
    device: ({ json }) => json.device,
    vendor_id: ({ json }) => json.vendor_id,
    device_id: ({ json }) => json.device_id,
    name: ({ json }) => json.name,
    class: ({ json }) => json.class,
    class_name: ({ json }) => json.class_name,
    driver: ({ json }) => json.driver,
    physical_function: ({ json }) => json.physical_function,
    iommu_group: ({ report }) => report.candidate.group?.id,
    regions: ({ report }) =>
      report.candidate.uses
        .map(({ region: { base, limit } }) => `${formatAddress(base)}-${formatAddress(limit)}`)
        .join(' '),
    memory: ({ report }) => report.restriction?.kind,
    linux: ({ report }) => report.linux.verdict,
    linux_reason: ({ report }) => report.linux.reason,
    xen: ({ report }) => report.xen.verdict,
    xen_reason: ({ report }) => report.xen.reason,
  },
  asides: ({ notes, diagnostics }) => asidesOf(notes, diagnostics),
});

interface Row {
  readonly path: string;
  readonly report: DeviceReport;
  readonly json: ReturnType<typeof functionToJson>;
}
