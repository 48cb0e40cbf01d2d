import { PAGE_SIZE } from '../../base/address.js';
import { parseSbdf } from '../../base/sbdf.js';
import type { TextFormat } from '../formats/format.js';
import { address, LogReader, logPattern } from './log.js';

/**
 * What Linux prints of a DMAR table (drivers/iommu/intel/dmar.c, dmar_table_print_dmar_entry, and before 5.3 the
 * identity maps of RMRRs' devices, drivers/iommu/intel-iommu.c, iommu_prepare_identity_map), after whatever prefix
 * a log puts before it. Numbers are 64 bits wide at most.
 */
const LINE = logPattern(
  String.raw`(?<start>\bLinux version \d)`,
  String.raw`RMRR base: 0x(?<base>H) end: 0x(?<end>H)\b`,
  String.raw`DRHD base: 0x(?<unit>H) flags: 0x(?<flags>[0-9a-f]{1,8})\b`,
  String.raw`DRHD \(flags: 0x(?<oldFlags>[0-9a-f]{1,8})\)\s?base: 0x(?<oldUnit>H)\b`,
  String.raw`RMRR \[0x(?<bad>H)\s?-\s?0x(?<badEnd>H)\]`,
  String.raw`identity map for device (?<device>[0-9a-f:.]{7,12}) \[0x(?<first>H) - 0x(?<last>H)\]`,
);

/** Last byte of the identity map that old kernels give an ISA bridge, which no RMRR asks for. */
const ISA_LIMIT = 0xffffffn;

/** Kernels of 2.6 print the first byte after an identity map, later ones its last. */
const inclusive = (last: bigint): bigint => (last % PAGE_SIZE === 0n ? last - 1n : last);

/** A Linux kernel's log: dmesg, journalctl, syslog or a serial console. */
export const linuxLog: TextFormat = {
  detect: (text) => /RMRR|DRHD|identity map/i.test(text),
  read(text) {
    const log = new LogReader();
    for (const { groups = {} } of text.matchAll(LINE)) {
      const { start, base, end, unit, flags, oldUnit, oldFlags, bad, badEnd } = groups;
      if (start !== undefined) log.start();
      else if (base !== undefined) log.region(address(base), address(end));
      else if (unit !== undefined) log.unit(address(unit), Number.parseInt(flags ?? '', 16));
      else if (oldUnit !== undefined) {
        log.unit(address(oldUnit), Number.parseInt(oldFlags ?? '', 16));
      } else if (bad !== undefined) log.region(address(bad), address(badEnd));
      else {
        const device = parseSbdf(groups.device ?? '');
        const [first, last] = [address(groups.first), inclusive(address(groups.last))];
        if (device !== null && last !== ISA_LIMIT) log.region(first, last, [device]);
      }
    }
    return log.content('linux-log');
  },
};
