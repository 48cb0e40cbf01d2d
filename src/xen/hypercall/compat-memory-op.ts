import type { Xen } from '../boot.js';
import { ERRNO } from './errno.js';
import { type Caller, type HypercallResult, memoryOp } from './memory-op.js';

const fits32 = (value: bigint): boolean => value === BigInt.asUintN(32, value);

/**
 * The 32-bit guest's hypercall (xen/common/compat/memory.c, compat_memory_op): frames and counts that
 * do not fit its entries are -ERANGE, but only where there was room for the entry.
 */
export const compatMemoryOp = (
  xen: Xen,
  caller: Caller,
  cmd: number,
  arg: bigint,
): HypercallResult =>
  memoryOp(xen, caller, cmd, arg, {
    abi: 'compat',
    checkEntry: (start_pfn, nr_pages) =>
      fits32(start_pfn) && fits32(nr_pages) ? 0 : -ERRNO.ERANGE,
    skipsEmpty: false,
  });
