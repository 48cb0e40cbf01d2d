import type { DecodedTable, JsonFields, TableLayout } from '../table-layout.js';
import { BLOCK_KINDS, type Block, unknownBlock } from './blocks.js';
import { type DeviceEntry, ENTRY, entryTypeName, varietyName } from './device-entry.js';
import { deviceOfId } from './device-id.js';
import { type IvrsHeader, ivrsHeader } from './header.js';
import type { Ivhd } from './ivhd.js';
import { IVMD_TYPE } from './ivmd.js';

/** A decoded IVRS table. */
export type IvrsTable = DecodedTable<'IVRS', IvrsHeader, Block>;

/** The IVRS table (AMD I/O virtualization specification, "I/O Virtualization ACPI Table"). */
export const IVRS: TableLayout<IvrsTable> = {
  kind: 'IVRS',
  signatures: ['IVRS'],
  codePrefix: 'ivrs-',
  noun: 'block',
  header: ivrsHeader,
  checksumSeverity: 'error',
  typeWidth: 1,
  kinds: BLOCK_KINDS,
  unknown: unknownBlock,
  structureJson: blockDevices,
  entryJson(entry, block) {
    const { type } = entry as DeviceEntry;
    return { name: entryTypeName(type), more: entryDevices(entry as DeviceEntry, block as Ivhd) };
  },
  entryHeading(entry, block) {
    const { device, sourceDevice } = entryDevices(entry as DeviceEntry, block as Ivhd);
    const { type } = entry as DeviceEntry;
    const special = 'variety' in entry ? (entry as { variety: number; handle: number }) : null;
    const name =
      special === null ? entryTypeName(type) : `${varietyName(special.variety)} ${special.handle}`;
    return [name, device, sourceDevice == null ? null : `as ${sourceDevice}`]
      .filter((part) => part !== null)
      .join(' ');
  },
};

/** The devices that a block names as its IOMMU or its own; null where it is for all. */
function blockDevices(block: Block): JsonFields {
  if (block.name === 'unknown') return {};
  const { segment, deviceId } = block;
  const device = deviceOfId(segment, deviceId);
  if (block.name === 'IVHD') return { device };
  if (block.type === IVMD_TYPE.all) return { device: null };
  return block.type === IVMD_TYPE.range
    ? { device, lastDevice: deviceOfId(segment, block.auxiliaryData) }
    : { device };
}

/** Types of entries whose device ID means nothing. */
const WITHOUT_DEVICE: readonly number[] = [ENTRY.padding, ENTRY.all, ENTRY.padding8, ENTRY.special];

/** The devices that an entry names, `sourceDevice` where it has a source device ID. */
function entryDevices(
  entry: DeviceEntry,
  { segment }: Ivhd,
): { device: string | null; sourceDevice?: string } {
  const device = WITHOUT_DEVICE.includes(entry.type) ? null : deviceOfId(segment, entry.deviceId);
  return 'sourceDeviceId' in entry
    ? { device, sourceDevice: deviceOfId(segment, entry.sourceDeviceId) }
    : { device };
}
