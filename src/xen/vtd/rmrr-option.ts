import { formatSbdf, sbdfOf } from '../../base/sbdf.js';
import { ERRNO } from '../hypercall/errno.js';
import { type NamedDevice, readDevice } from '../parse-pci.js';
import { readNumber } from '../strtoul.js';
import type { ScopeDevice } from './device-scope.js';

/** A region as the `rmrr=` option gives it, frames inclusive (xen/drivers/passthrough/vtd/dmar.c, struct user_rmrr). */
export interface UserRmrr {
  readonly base_pfn: bigint;
  /** Inclusive. */
  readonly end_pfn: bigint;
  readonly segment: number;
  readonly devices: readonly ScopeDevice[];
  /** Why the region is dropped before it is even tried; null where it is not. */
  readonly dropped: string | null;
}

/** What became of the option's text. */
export interface ParsedRmrrOption {
  /** 0 or a negative errno; what was read before the error stays. */
  readonly rc: number;
  /** Why the rest of the text was refused; null with rc 0. */
  readonly message: string | null;
  readonly regions: readonly UserRmrr[];
}

const MAX_REGIONS = 10;
const MAX_DEVICES = 20;
const MAX_PAGES = 16n;

/**
 * Reads `rmrr=start<-end>=[seg:]bus:dev.func[,…][;start…]`, frames and addresses in hex
 * (xen/drivers/passthrough/vtd/dmar.c, parse_rmrr_param).
 *
 * @param text what follows `rmrr=`
 * @param longRegions what becomes of one over 16 pages: the region alone is dropped (to 4.16), or
 *   the option is refused from there on
 * @param before regions of earlier `rmrr=` options of the same command line
 */
export function parseRmrrOption(
  text: string,
  longRegions: 'drops-long-region' | 'refuses-long-region',
  before: readonly UserRmrr[] = [],
): ParsedRmrrOption {
  const regions = [...before];
  const refuse = (errno: number, message: string): ParsedRmrrOption => ({
    rc: -errno,
    message,
    regions,
  });
  let pos = 0;
  do {
    if (regions.length >= MAX_REGIONS) {
      return refuse(ERRNO.E2BIG, `rmrr= has more than ${MAX_REGIONS} regions`);
    }
    const frames = readFrames(text, pos);
    if (frames === null)
      return refuse(ERRNO.EINVAL, `rmrr= has no page frame at "${text.slice(pos)}"`);
    const { base_pfn, end_pfn } = frames;
    pos = frames.next;
    // The difference is taken modulo 2^64, so a range that wraps around within the limit is let pass here.
    if (
      longRegions === 'refuses-long-region' &&
      BigInt.asUintN(64, end_pfn - base_pfn) >= MAX_PAGES
    ) {
      return refuse(
        ERRNO.E2BIG,
        `the region of rmrr= from frame ${base_pfn.toString(16)} to ${end_pfn.toString(16)} is reversed or has more than ${MAX_PAGES} pages`,
      );
    }
    const tooLong = end_pfn < base_pfn || end_pfn - base_pfn >= MAX_PAGES;
    if (text[pos] === '=') {
      const devices = readDevices(text, pos);
      if (devices === null) {
        return refuse(ERRNO.EINVAL, `rmrr= has no device at "${text.slice(pos)}"`);
      }
      pos = devices.next;
      regions.push({ base_pfn, end_pfn, ...judgeSegments(devices.sbdfs, tooLong) });
    }
  } while (text[pos++] === ';');
  return pos > text.length
    ? { rc: 0, message: null, regions }
    : refuse(ERRNO.EINVAL, `rmrr= goes on with "${text.slice(pos - 1)}", which it cannot`);
}

function readFrames(text: string, pos: number) {
  const start = readNumber(text, pos, 16);
  if (start.next === pos) return null;
  if (text[start.next] !== '-') {
    return { base_pfn: start.value, end_pfn: start.value, next: start.next };
  }
  const end = readNumber(text, start.next + 1, 16);
  if (end.next === start.next + 1) return null;
  return { base_pfn: start.value, end_pfn: end.value, next: end.next };
}

/** Reads devices after the `=` at `pos`; the first one's segment is the default of the others. */
function readDevices(text: string, pos: number): { sbdfs: NamedDevice[]; next: number } | null {
  const sbdfs: NamedDevice[] = [];
  let next = pos;
  do {
    const device = readDevice(text, next + 1, sbdfs[0]?.segment ?? 0);
    if (device === null) return null;
    sbdfs.push(device);
    next = device.next;
  } while (text[next] === ',' && sbdfs.length < MAX_DEVICES);
  return { sbdfs, next };
}

function judgeSegments(
  sbdfs: readonly NamedDevice[],
  tooLong: boolean,
): Pick<UserRmrr, 'segment' | 'devices' | 'dropped'> {
  const segment = sbdfs[0]?.segment ?? 0;
  const devices = sbdfs.map(
    ({ bdf }): ScopeDevice => ({ bdf, name: formatSbdf(sbdfOf(segment, bdf)) }),
  );
  // Xen ORs the segments and compares with the first, so bits the first has in common go unnoticed.
  const differ = sbdfs.reduce((bits, device) => bits | device.segment, 0) !== segment;
  const dropped = tooLong
    ? `it is reversed or has more than ${MAX_PAGES} pages`
    : differ
      ? 'its devices are on different segments'
      : null;
  return { segment, devices, dropped };
}
