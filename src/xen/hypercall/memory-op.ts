import type { Xen } from '../boot.js';
import { iommuGetReservedDeviceMemory } from '../iommu.js';
import type { ReportedRegion } from '../reported-region.js';
import {
  type Abi,
  argumentSize,
  decodeArgument,
  type Entry,
  encodeArgument,
  encodeEntry,
  entrySize,
  MEMOP_EXTENT_SHIFT,
  type RdmMap,
  XENMEM_RDM_ALL,
  XENMEM_RESERVED_DEVICE_MEMORY_MAP,
} from './abi.js';
import { ERRNO } from './errno.js';
import type { GuestMemory } from './guest-memory.js';

/** Who makes the hypercall. */
export interface Caller {
  readonly memory: GuestMemory;
  /** A PV guest shares its address space with Xen, so its buffer's address is checked up front. */
  readonly pv?: boolean;
}

/** What the hypercall answered, beside what it left in the caller's memory. */
export interface HypercallResult {
  readonly rc: number;
  /** The unit behind each entry written, in order: what the caller's buffer cannot tell. */
  readonly written: readonly ReportedRegion[];
}

/** What the two ways in, native and compat, do differently. */
export interface MemoryOpAbi {
  readonly abi: Abi;
  /** Judges an entry before it is written; a negative errno stops the walk. */
  readonly checkEntry: (start_pfn: bigint, nr_pages: bigint) => number;
  /** Whether regions of 0 pages are passed over. */
  readonly skipsEmpty: boolean;
}

/** Ends of the hole in the address space where Xen lives, as a PV guest sees it. */
const HYPERVISOR_START = 1n << 47n;
const HYPERVISOR_END = 0xffff_8800_0000_0000n;

const anyEntry = () => 0;

/** What the native way in does with entries. */
export const nativeWay = ({ release }: Xen): MemoryOpAbi => ({
  abi: 'native',
  checkEntry: anyEntry,
  skipsEmpty: release.skipsEmptyNative,
});

/** The native hypercall (xen/common/memory.c, do_memory_op). */
export const doMemoryOp = (xen: Xen, caller: Caller, cmd: number, arg: bigint): HypercallResult =>
  memoryOp(xen, caller, cmd, arg, nativeWay(xen));

/**
 * Answers XENMEM_reserved_device_memory_map on the caller's memory.
 *
 * @param cmd the command word: subop in bits 5:0, start_extent above
 * @param arg guest address of the argument
 */
export function memoryOp(
  xen: Xen,
  caller: Caller,
  cmd: number,
  arg: bigint,
  way: MemoryOpAbi,
): HypercallResult {
  const { release } = xen;
  const refuse = (errno: number): HypercallResult => ({ rc: -errno, written: [] });
  const start_extent = Math.floor(cmd / 2 ** MEMOP_EXTENT_SHIFT);
  if (cmd % 2 ** MEMOP_EXTENT_SHIFT !== XENMEM_RESERVED_DEVICE_MEMORY_MAP) {
    return refuse(ERRNO.ENOSYS);
  }
  if (start_extent !== 0 && release.startExtentErrno !== null) {
    return refuse(ERRNO[release.startExtentErrno]);
  }
  const bytes = caller.memory.copyFrom(arg, argumentSize(release.interface, way.abi));
  if (bytes === null) return refuse(ERRNO.EFAULT);
  const map = decodeArgument(bytes, release.interface, way.abi);
  if (!isGuestAddress(map.buffer, caller)) return refuse(ERRNO.EFAULT);
  if ((map.flags & ~XENMEM_RDM_ALL) !== 0) return refuse(ERRNO.EINVAL);

  const written: ReportedRegion[] = [];
  const { rc, used_entries } = collect(xen, map, way, (index, entry, unit) => {
    const address = map.buffer + BigInt(index * entrySize(way.abi));
    if (!caller.memory.copyTo(address, encodeEntry(entry, way.abi))) return false;
    written.push(unit);
    return true;
  });
  const result = rc === 0 && map.nr_entries < used_entries ? -ERRNO.ENOBUFS : rc;
  const out = encodeArgument({ ...map, nr_entries: used_entries }, release.interface, way.abi);
  return { rc: caller.memory.copyTo(arg, out) ? result : -ERRNO.EFAULT, written };
}

const isGuestAddress = (address: bigint, { pv = false }: Caller): boolean =>
  !pv || address < HYPERVISOR_START || address >= HYPERVISOR_END;

/**
 * Writes what there is room for and counts all (get_reserved_device_memory, the callback).
 *
 * @param map the argument; its buffer's address is not looked at
 * @param write writes an entry to its place, counted from 0, in the buffer; false where that faults
 */
export function collect(
  xen: Xen,
  map: Omit<RdmMap, 'buffer'>,
  { checkEntry, skipsEmpty }: Omit<MemoryOpAbi, 'abi'>,
  write: (index: number, entry: Entry, unit: ReportedRegion) => boolean,
): { rc: number; used_entries: number } {
  const all = (map.flags & XENMEM_RDM_ALL) !== 0;
  let used_entries = 0;
  const rc = iommuGetReservedDeviceMemory(xen, (start_pfn, nr_pages, id, unit) => {
    if (!all && id !== map.pci) return 0;
    if (nr_pages === 0n && skipsEmpty) return 1;
    if (used_entries < map.nr_entries) {
      const verdict = checkEntry(start_pfn, nr_pages);
      if (verdict !== 0) return verdict;
      if (!write(used_entries, { start_pfn, nr_pages }, unit)) return -ERRNO.EFAULT;
    }
    used_entries++;
    return 1;
  });
  return { rc, used_entries };
}
