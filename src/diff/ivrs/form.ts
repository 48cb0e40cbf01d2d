import type { Block } from '../../acpi/ivrs/blocks.js';
import type { Ivmd } from '../../acpi/ivrs/ivmd.js';
import { hex } from '../../base/hex.js';
import type { DiffForm } from '../form.js';

/** How blocks of IVRS tables are compared. */
export const IVRS_DIFF: DiffForm<Block> = {
  keys: [
    (block) => {
      switch (block.name) {
        case 'IVHD':
          return `IVHD ${block.type} ${block.segment} ${block.deviceId} ${block.capabilityOffset}`;
        case 'IVMD':
          return `IVMD ${devicesKey(block)} ${block.startAddress} ${block.memoryLength}`;
        case 'unknown':
          return null;
      }
    },
    (block) => {
      switch (block.name) {
        case 'IVHD':
          return `IVHD ${block.type} ${block.baseAddress}`;
        case 'IVMD':
          return `IVMD ${block.startAddress} ${block.memoryLength}`;
        case 'unknown':
          return `${block.type}`;
      }
    },
    (block) => (block.name === 'IVMD' ? devicesKey(block) : null),
  ],
  regionOf(block) {
    if (block.name !== 'IVMD' || block.memoryLength === 0n) return null;
    const { segment, startAddress: base, memoryLength } = block;
    return { segment, base, limit: base + memoryLength - 1n };
  },
  registersOf: (block) => (block.name === 'IVHD' ? block.baseAddress : null),
  toldBy: { deviceId: 'device', sourceDeviceId: 'sourceDevice', auxiliaryData: 'lastDevice' },
  entryKeys: [
    ({ type, device, handle, variety, uid }) => [type, device, handle, variety, uid].join(' '),
    ({ device }) => (device === null ? null : `${device}`),
  ],
  entryName({ name, device, handle, sourceDevice, hardwareId, type }) {
    if (handle !== undefined) return `${name} ${handle}, ${sourceDevice}`;
    const kind = name === 'unknown' ? `type ${hex(Number(type), 2)}` : name;
    const id =
      typeof hardwareId === 'string' ? ` ${hardwareId.replace(/(?<![\0 ])[\0 ]+$/, '')}` : '';
    return device === null ? `${kind}` : `${kind}${id} ${device}`;
  },
};

const devicesKey = ({ type, segment, deviceId, auxiliaryData }: Ivmd): string =>
  [type, segment, deviceId, auxiliaryData].join(' ');
