import type { Block } from '../../acpi/ivrs/blocks.js';
import { deviceOfId } from '../../acpi/ivrs/device-id.js';
import { IVMD_TYPE, type Ivmd } from '../../acpi/ivrs/ivmd.js';
import { hex } from '../../base/hex.js';

/** What a block is called by what it is about, e.g. `IVMD 0xbf7e8000-0xbf7f7fff for all devices`. */
export function nameOf(block: Block): string {
  switch (block.name) {
    case 'IVHD':
      return `IVHD ${deviceOfId(block.segment, block.deviceId)}, type ${hex(block.type)}`;
    case 'IVMD':
      return `IVMD ${rangeOf(block)} for ${devicesOf(block)}`;
    case 'unknown':
      return `block of type ${hex(block.type)}`;
  }
}

const rangeOf = ({ startAddress, memoryLength }: Ivmd): string =>
  memoryLength === 0n
    ? `${hex(startAddress)} without length`
    : `${hex(startAddress)}-${hex(startAddress + memoryLength - 1n)}`;

/** The devices that an IVMD is for. */
function devicesOf({ type, segment, deviceId, auxiliaryData }: Ivmd): string {
  const device = deviceOfId(segment, deviceId);
  switch (type) {
    case IVMD_TYPE.device:
      return device;
    case IVMD_TYPE.range:
      return `${device} to ${deviceOfId(segment, auxiliaryData)}`;
    case IVMD_TYPE.iommu:
      return `the devices of the IOMMU ${device}`;
    default:
      return 'all devices';
  }
}
