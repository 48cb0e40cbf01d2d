import type { TableName } from '../../acpi/table-layout.js';
import type { OverrideRisk } from '../../answers/override.js';
import { hex } from '../../base/hex.js';
import { formatSbdf, type Sbdf } from '../../base/sbdf.js';
import type { TableEdit } from '../../regions/edit.js';
import { listSome } from '../basics/text.js';

const FEW_DEVICES = 6;

const named = (devices: readonly Sbdf[]): string =>
  listSome(
    devices.map((device) => formatSbdf(device).replace(/^0000:/, '')),
    FEW_DEVICES,
  );

const formatRange = (base: bigint, limit: bigint): string => `${hex(base)}-${hex(limit)}`;

/** The structures that reserve memory. */
const STRUCTURES: Readonly<Record<TableName, string>> = { DMAR: 'RMRR', IVRS: 'IVMD' };

/** What was changed, as a sentence. */
export function explainEdit(
  { action, base, limit, index, devices }: TableEdit,
  table: TableName,
): string {
  const region = `${STRUCTURES[table]} #${index} ${formatRange(base, limit)}`;
  switch (action) {
    case 'drop-region':
      return devices.length === 0
        ? `${region} has no device left and goes.`
        : `${region} goes; it named ${named(devices)}.`;
    case 'drop-device':
      return `${region} no longer names ${named(devices)}.`;
    case 'add-region':
      return `A region ${formatRange(base, limit)} is added for ${named(devices)}.`;
    case 'align-region':
      return `${region} begins and ends with a page now.`;
    case 'join-regions':
      return `${region} is joined with the region that it overlaps; each device now has both.`;
  }
}

/** What may go wrong, or keeps the table from being taken, as sentences. */
export function explainRisk(risk: OverrideRisk): string {
  switch (risk.code) {
    case 'still-used': {
      const who = named(risk.devices);
      const witness = risk.witness
        ? ' The running kernel keeps this memory mapped for it (reserved_regions: direct).'
        : '';
      return `The firmware says that ${who} goes on using its region.${witness} If that is so, its accesses fault once another system has the device, or write over that system's memory: instability or data loss. Do not do this to a network card shared with the management controller, nor to a storage controller whose host driver is loaded.`;
    }
    case 'shared-with-management':
      return 'On HPE machines these regions carry health data: the management processor (iLO) no longer sees health, temperature and inventory of the card, nor of what a Smart Array controller drives.';
    case 'usb-legacy':
      return `${named(risk.devices)} may serve keyboards until the operating system's driver takes over; they may fail between the boot loader and then.`;
    case 'graphics':
      return `${named(risk.devices)} may show the picture from this memory until the driver takes over; the screen may stay dark or flicker until then.`;
    case 'overlaps':
      return 'Regions of this table overlap, for which Xen refuses the whole table. --fix --yes joins them; that changes whose memory it is.';
    case 'highest-revision':
      return 'The OEM revision is the highest there is, so Linux takes no other table from an initial RAM disk. GRUB and OpenCore do not look at it.';
    case 'locked-down':
      return `The running kernel is locked down (${risk.mode}) and is meant to refuse tables from an initial RAM disk; under Secure Boot GRUB refuses its acpi command as well.`;
    case 'no-table-upgrade':
      return 'The running kernel was built without CONFIG_ACPI_TABLE_UPGRADE and takes no table from its initial RAM disk.';
    case 'xen-host':
      return "This host runs Xen, which looks into no initial RAM disk: have GRUB hand the table over (--grub). Leave GRUB_EARLY_INITRD_LINUX_CUSTOM alone here: with it, GRUB's entries for Xen give dom0 a wrong initial RAM disk, and its kernel panics.";
  }
}
