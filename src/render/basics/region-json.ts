import { PAGE_SIZE } from '../../base/address.js';
import type { Origin } from '../../regions/region.js';
import { type JsonObject, jsonInteger } from './json.js';

/** Frames of a 64-bit address space. */
const FRAMES = 1n << 52n;

/** Last frame, inclusive, and bytes of a run of frames; null where there are none, or it wraps past 2^64. */
export const extentOf = (start_pfn: bigint, nr_pages: bigint) =>
  nr_pages <= 0n || start_pfn + nr_pages > FRAMES
    ? { end_pfn: null, size: null }
    : {
        end_pfn: jsonInteger(start_pfn + nr_pages - 1n),
        size: jsonInteger(nr_pages * PAGE_SIZE),
      };

/** Where a region comes from; null where that is not known. */
export const originToJson = (origin: Origin | null): JsonObject | null => origin && { ...origin };
