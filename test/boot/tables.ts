import { tableFromJson } from '../../src/acpi/table-from-json.js';
import { decodeTable, tableToJson } from '../../src/acpi/tables.js';
import { DEVICE, RESERVED_MEMORY } from './qemu.js';

const PAGE = 4096n;
const hex = (address: bigint): string => `0x${address.toString(16)}`;

/** A region of reserved memory for devices; each number is another page of it. */
const region = (page: number, devices: readonly unknown[]) => ({
  name: 'RMRR',
  baseAddress: hex(RESERVED_MEMORY + BigInt(page) * PAGE),
  limitAddress: hex(RESERVED_MEMORY + BigInt(page + 1) * PAGE - 1n),
  devices,
});

export const BINDING = 'a binding region';

/** Structures that go behind those of the machine's own table. */
export const ADDED = {
  /** Binds one device, and one that Linux lets go: USB. */
  [BINDING]: [region(0, [DEVICE.network]), region(1, [DEVICE.usb])],
  /** Names a port, and thereby what lies below it. */
  'a sub-hierarchy': [region(0, [{ name: 'PCI sub-hierarchy', device: DEVICE.port }])],
  /** Calls an endpoint a bridge; for this Linux gives the IOMMU up. */
  'a table that costs the IOMMU': [
    region(0, [{ name: 'PCI sub-hierarchy', device: DEVICE.network }]),
  ],
};

/**
 * The machine's own table with more structures, and the next OEM revision: the kernel takes no other in its place.
 *
 * @param own the table that the machine has without us
 */
export function tableWith(own: Uint8Array, added: readonly unknown[]): Uint8Array {
  const { table } = decodeTable(own);
  if (table === null) throw new Error('The machine has no whole table.');
  const json = tableToJson(table);
  const { oemRevision } = json.header;
  const header = { ...json.header, oemRevision: Number(oemRevision) + 1 };
  const structures = [...json.structures, ...added];
  const { bytes, problems } = tableFromJson({ ...json, header, structures }, { fix: true });
  if (bytes === null) throw new Error(JSON.stringify(problems));
  return bytes;
}
