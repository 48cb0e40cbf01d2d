import { requireObject, type Shape } from '../../base/arguments.js';
import type { Sbdf } from '../../base/sbdf.js';
import type { Xen } from '../boot.js';
import type { ReportedRegion } from '../reported-region.js';
import {
  type Abi,
  argumentSize,
  decodeArgument,
  decodeEntry,
  type Entry,
  encodeArgument,
  entrySize,
  MEMOP_EXTENT_SHIFT,
  pciId,
  XENMEM_RDM_ALL,
  XENMEM_RESERVED_DEVICE_MEMORY_MAP,
} from './abi.js';
import { compatMemoryOp } from './compat-memory-op.js';
import { GuestMemory } from './guest-memory.js';
import { collect, doMemoryOp, nativeWay } from './memory-op.js';

/** The request, and what goes wrong with the caller's memory while it is answered. */
export interface Request {
  readonly abi: Abi;
  /** Room in the buffer, in entries. */
  readonly nr_entries: number;
  /** The argument's flags; by default XENMEM_RDM_ALL, or 0 where a device is asked for. */
  readonly flags?: number;
  /** The one device asked for. */
  readonly device?: Sbdf;
  readonly start_extent?: number;
  /** Guest address of the buffer. */
  readonly buffer?: bigint;
  readonly pv?: boolean;
  /** Writing this entry faults. */
  readonly fault_index?: number;
  /** Reading the argument faults. */
  readonly fault_arg_in?: boolean;
  /** Writing the argument back faults. */
  readonly fault_arg_out?: boolean;
}

/** What its parts must be. */
export const REQUEST: Shape<Request> = {
  abi: 'text',
  nr_entries: 'count',
  flags: 'integer?',
  device: 'object?',
  start_extent: 'integer?',
  buffer: 'bigint?',
  pv: 'flag?',
  fault_index: 'integer?',
  fault_arg_in: 'flag?',
  fault_arg_out: 'flag?',
};

/** What the caller finds after the hypercall. */
export interface Answer {
  readonly rc: number;
  /** Room the caller offered. */
  readonly nr_entries_in: number;
  /** nr_entries in the argument afterwards. */
  readonly nr_entries: number;
  /** Entries in the buffer, each with the unit behind it. */
  readonly entries: readonly (Entry & { readonly unit: ReportedRegion })[];
  /** The buffer's bytes, as far as entries were written; null where no memory was looked at. */
  readonly buffer: Uint8Array | null;
}

/** Where the modelled guest keeps the buffer, unless told otherwise. */
const BUFFER_ADDRESS = 0x10_0000n;
/** Where it keeps the argument: past all addresses, so that no buffer it is told can reach that far. */
const ARGUMENT_ADDRESS = 1n << 65n;
const ADDRESSES_END = 1n << 66n;

const ALLOWED = { readable: true, writable: true };
const FORBIDDEN = { readable: false, writable: false };

/** Makes the hypercall once, on bytes in a guest's memory. */
export function callOnce(xen: Xen, request: Request): Answer {
  requireObject(request, 'request', REQUEST);
  const { abi, nr_entries } = request;
  const { interface: iface } = xen.release;
  const memory = new GuestMemory();
  // A 32-bit caller has no more bits to name it with.
  const buffer = BigInt.asUintN(abi === 'native' ? 64 : 32, request.buffer ?? BUFFER_ADDRESS);
  const size = entrySize(abi);
  mapGuest(memory, request, buffer, argumentSize(iface, abi));
  const flags = request.flags ?? (request.device === undefined ? XENMEM_RDM_ALL : 0);
  const pci = request.device === undefined ? 0 : pciId(request.device);
  memory.poke(ARGUMENT_ADDRESS, encodeArgument({ flags, nr_entries, buffer, pci }, iface, abi));

  const cmd =
    XENMEM_RESERVED_DEVICE_MEMORY_MAP + (request.start_extent ?? 0) * 2 ** MEMOP_EXTENT_SHIFT;
  const op = abi === 'native' ? doMemoryOp : compatMemoryOp;
  const { rc, written } = op(xen, { memory, pv: request.pv ?? false }, cmd, ARGUMENT_ADDRESS);

  memory.map(0n, ADDRESSES_END, ALLOWED);
  const argument = memory.copyFrom(ARGUMENT_ADDRESS, argumentSize(iface, abi)) as Uint8Array;
  const bytes = memory.copyFrom(buffer, written.length * size) as Uint8Array;
  const entries = written.map((unit, i) => ({
    ...decodeEntry(bytes.subarray(i * size, (i + 1) * size), abi),
    unit,
  }));
  const { nr_entries: nr_out } = decodeArgument(argument, iface, abi);
  return { rc, nr_entries_in: nr_entries, nr_entries: nr_out, entries, buffer: bytes };
}

function mapGuest(
  memory: GuestMemory,
  { abi, nr_entries, fault_index, fault_arg_in, fault_arg_out }: Request,
  buffer: bigint,
  argumentLength: number,
): void {
  const size = BigInt(entrySize(abi));
  memory.map(buffer, BigInt(nr_entries) * size, ALLOWED);
  if (fault_index !== undefined) memory.map(buffer + BigInt(fault_index) * size, size, FORBIDDEN);
  memory.map(ARGUMENT_ADDRESS, BigInt(argumentLength), {
    readable: fault_arg_in !== true,
    writable: fault_arg_out !== true,
  });
}

/**
 * Asks as a toolstack does: one call with no room, to learn the count, and one with exactly that. The
 * first call is the answer where it leaves nothing to fetch.
 */
export function callTwice(xen: Xen, request: Omit<Request, 'nr_entries'>): Answer {
  const count = callOnce(xen, { ...request, nr_entries: 0 });
  return count.nr_entries === 0
    ? count
    : callOnce(xen, { ...request, nr_entries: count.nr_entries });
}

/**
 * What {@link callTwice} comes to for a 64-bit guest that asks for all regions, without its memory: the same entries
 * in the same order, since two calls that find room for each other's count walk the same list.
 */
export function callWithoutMemory(xen: Xen): Answer {
  const entries: Answer['entries'][number][] = [];
  const argument = { flags: XENMEM_RDM_ALL, nr_entries: Number.POSITIVE_INFINITY, pci: 0 };
  const { rc, used_entries } = collect(xen, argument, nativeWay(xen), (_, entry, unit) => {
    const { start_pfn, nr_pages } = entry;
    entries.push({ start_pfn, nr_pages, unit });
    return true;
  });
  return { rc, nr_entries_in: used_entries, nr_entries: used_entries, entries, buffer: null };
}
