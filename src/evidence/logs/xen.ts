import { parseSbdf, type Sbdf } from '../../base/sbdf.js';
import type { TextFormat } from '../formats/format.js';
import { address, LogReader, logPattern } from './log.js';

/**
 * What Xen prints of a DMAR table (xen/drivers/passthrough/vtd/dmar.c: acpi_parse_dmar, acpi_parse_dev_scope and
 * the RMRR's own functions), after whatever prefix a log puts before it. The devices of a region come
 * before it. Numbers are 64 bits wide at most.
 */
const LINE = logPattern(
  String.raw`(?<start>\bXen version \d)`,
  '(?<found>found ACPI_DMAR_)',
  String.raw`(?:endpoint|bridge): (?<device>[0-9a-f:]{4,10}\.[0-7])`,
  String.raw`RMRR: \[(?<base>H),(?<end>H)\]`,
  String.raw`RMRR region: base_addr (?<oldBase>H) end_addr(?:ess)? (?<oldEnd>H)\b`,
  String.raw`dmaru->address = (?<unit>H)\b`,
);

/** The hypervisor's log: `xl dmesg` or a serial console. */
export const xenLog: TextFormat = {
  detect: (text) => /RMRR|ACPI_DMAR/i.test(text),
  read(text) {
    const log = new LogReader();
    let devices: Sbdf[] = [];
    for (const { groups = {} } of text.matchAll(LINE)) {
      const { start, found, device, base, end, oldBase, oldEnd, unit } = groups;
      if (device !== undefined) {
        const sbdf = parseSbdf(device);
        if (sbdf !== null) devices.push(sbdf);
        continue;
      }
      if (start !== undefined) log.start();
      else if (unit !== undefined) log.unit(address(unit), null);
      else if (found === undefined) {
        log.region(address(base ?? oldBase), address(end ?? oldEnd), devices);
      }
      devices = [];
    }
    return log.content('xen-log');
  },
};
