import { type Interval, joinIntervals, subtractIntervals } from '../base/interval.js';
import type { Xen } from '../xen/boot.js';
import { callWithoutMemory } from '../xen/hypercall/hypercall.js';

/** Page frames that are reserved for some devices; `end` is the first frame after them. */
export interface ReservedFrames extends Interval {
  readonly devices: readonly string[];
}

/** What a change of tables means for guests. */
export interface GuestChange {
  /** Whether the hypervisor has VT-d on; without it no guest is told of any region. */
  readonly vtd: { readonly old: boolean; readonly new: boolean };
  /** Frames that a guest's map has now and had not, with the devices they are for; by address. */
  readonly reserved: readonly ReservedFrames[];
  /** Frames that a guest's map had and has no more. */
  readonly freed: readonly ReservedFrames[];
}

/** Compares what a 64-bit guest is told under two tables by the same hypervisor. */
export function compareGuests(old: Xen, now: Xen): GuestChange {
  const [before, after] = [framesOf(old), framesOf(now)];
  return {
    vtd: { old: hasVtd(old), new: hasVtd(now) },
    reserved: subtractIntervals(after, joinIntervals(before)),
    freed: subtractIntervals(before, joinIntervals(after)),
  };
}

const hasVtd = ({ outcome, iommu_enabled }: Xen): boolean => outcome === 'ok' && iommu_enabled;

function framesOf(xen: Xen): ReservedFrames[] {
  if (xen.outcome !== 'ok') return [];
  return callWithoutMemory(xen).entries.map(({ start_pfn, nr_pages, unit }) => ({
    start: start_pfn,
    end: start_pfn + nr_pages,
    devices: unit.devices.map(({ name }) => name),
  }));
}
