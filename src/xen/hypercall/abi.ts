/**
 * Layouts of the hypercall's structures in the caller's memory (xen/include/public/memory.h, struct
 * xen_reserved_device_memory_map and xen_reserved_device_memory), little-endian.
 */
import { keyOf, type Sbdf } from '../../base/sbdf.js';
import type { Behaviour } from '../releases.js';

/** The 64-bit caller's layouts, or the 32-bit one's. */
export type Abi = 'native' | 'compat';

/** XENMEM_reserved_device_memory_map, in bits 5:0 of the command word. */
export const XENMEM_RESERVED_DEVICE_MEMORY_MAP = 27;
/** Bit of the command word where start_extent begins. */
export const MEMOP_EXTENT_SHIFT = 6;
/** Flag that asks for all regions instead of one device's. */
export const XENMEM_RDM_ALL = 1;

/** Bytes of an entry of the caller's buffer. */
export const entrySize = (abi: Abi): number => (abi === 'native' ? 16 : 8);

/** An entry of the caller's buffer. */
export interface Entry {
  start_pfn: bigint;
  nr_pages: bigint;
}

/** Bytes of one entry; in the compat layout the values are cut to 32 bits. */
export function encodeEntry({ start_pfn, nr_pages }: Entry, abi: Abi): Uint8Array {
  const bytes = new Uint8Array(entrySize(abi));
  const view = new DataView(bytes.buffer);
  if (abi === 'native') {
    view.setBigUint64(0, start_pfn, true);
    view.setBigUint64(8, nr_pages, true);
  } else {
    view.setUint32(0, Number(BigInt.asUintN(32, start_pfn)), true);
    view.setUint32(4, Number(BigInt.asUintN(32, nr_pages)), true);
  }
  return bytes;
}

/** The entry that `bytes` hold. */
export function decodeEntry(bytes: Uint8Array, abi: Abi): Entry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return abi === 'native'
    ? { start_pfn: view.getBigUint64(0, true), nr_pages: view.getBigUint64(8, true) }
    : { start_pfn: BigInt(view.getUint32(0, true)), nr_pages: BigInt(view.getUint32(4, true)) };
}

/** Offsets in bytes of the argument's fields; null where the interface has no such field. */
interface ArgumentLayout {
  size: number;
  flags: number | null;
  nr_entries: number;
  buffer: number;
  /** seg, bus and devfn, 4 bytes. */
  pci: number | null;
}

const ARGUMENT: Readonly<Record<Behaviour['interface'], Readonly<Record<Abi, ArgumentLayout>>>> = {
  'rfc-v7': {
    native: { size: 16, flags: null, nr_entries: 0, buffer: 8, pci: null },
    compat: { size: 8, flags: null, nr_entries: 0, buffer: 4, pci: null },
  },
  '4.6': {
    native: { size: 24, flags: 0, nr_entries: 4, buffer: 8, pci: 16 },
    compat: { size: 16, flags: 0, nr_entries: 4, buffer: 8, pci: 12 },
  },
};

/** The hypercall's argument. */
export interface RdmMap {
  /** Always XENMEM_RDM_ALL in the first interface, which has no flags. */
  flags: number;
  /** Room in the buffer on the way in, regions found on the way out. */
  nr_entries: number;
  /** Guest address of the buffer. */
  buffer: bigint;
  /** Device asked for: segment in bits 31:16, bus, device and function below. */
  pci: number;
}

/** Bytes of the argument. */
export const argumentSize = (iface: Behaviour['interface'], abi: Abi): number =>
  ARGUMENT[iface][abi].size;

/** The argument's bytes as a caller lays them out. */
export function encodeArgument(map: RdmMap, iface: Behaviour['interface'], abi: Abi): Uint8Array {
  const layout = ARGUMENT[iface][abi];
  const bytes = new Uint8Array(layout.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(layout.nr_entries, map.nr_entries, true);
  if (abi === 'native') view.setBigUint64(layout.buffer, map.buffer, true);
  else view.setUint32(layout.buffer, Number(map.buffer), true);
  if (layout.flags !== null) view.setUint32(layout.flags, map.flags, true);
  if (layout.pci !== null) {
    view.setUint16(layout.pci, map.pci >>> 16, true);
    view.setUint8(layout.pci + 2, (map.pci >>> 8) & 0xff);
    view.setUint8(layout.pci + 3, map.pci & 0xff);
  }
  return bytes;
}

/** The argument that `bytes` hold. */
export function decodeArgument(bytes: Uint8Array, iface: Behaviour['interface'], abi: Abi): RdmMap {
  const layout = ARGUMENT[iface][abi];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pci =
    layout.pci === null
      ? 0
      : view.getUint16(layout.pci, true) * 0x1_0000 + view.getUint16(layout.pci + 2, false);
  return {
    flags: layout.flags === null ? XENMEM_RDM_ALL : view.getUint32(layout.flags, true),
    nr_entries: view.getUint32(layout.nr_entries, true),
    buffer:
      abi === 'native'
        ? view.getBigUint64(layout.buffer, true)
        : BigInt(view.getUint32(layout.buffer, true)),
    pci,
  };
}

/** A device as the argument and the callback number it: segment in bits 31:16. */
export const pciId: (device: Sbdf) => number = keyOf;
