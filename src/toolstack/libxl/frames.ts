import type { Interval } from '../../base/interval.js';
import { type GuestLayout, HIGH_MEMORY_START, type Ram } from './layout.js';

/** The VGA hole, into which libxl puts no RAM (LIBXL_VGA_HOLE_SIZE). */
const VGA_HOLE: Interval = { start: 0xa_0000n, end: 0xc_0000n };
/** Pages of Xen's own: xenstore, console, rings of the device model (xg_dom_x86.c, special pages). */
const SPECIAL_PAGES: Interval = { start: 0xfeff_8000n, end: 0xff00_0000n };
/** The page of the local APIC (xen/arch/x86/hvm/vmx, vmx_alloc_vlapic_mapping). */
const APIC_PAGE: Interval = { start: 0xfee0_0000n, end: 0xfee0_1000n };

/** Guest-physical bytes that are something before any device is attached, in order; empty ranges may occur. */
export function takenBytes({ lowmemEnd, highmemEnd }: Pick<GuestLayout, keyof Ram>): Interval[] {
  const below = lowmemEnd < VGA_HOLE.start ? lowmemEnd : VGA_HOLE.start;
  return [
    { start: 0n, end: below },
    { start: VGA_HOLE.end, end: lowmemEnd },
    APIC_PAGE,
    SPECIAL_PAGES,
    { start: HIGH_MEMORY_START, end: highmemEnd },
  ];
}
