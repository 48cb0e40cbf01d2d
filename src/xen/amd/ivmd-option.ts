import { IVMD_TYPE } from '../../acpi/ivrs/ivmd.js';
import { PAGE_SIZE } from '../../base/address.js';
import { ERRNO } from '../hypercall/errno.js';
import { readDevice } from '../parse-pci.js';
import { readNumber } from '../strtoul.js';
import { UNITY_READ_WRITE } from './parse-ivmd.js';
import type { MemoryBlock } from './parse-state.js';

/** What became of the option's text. */
export interface ParsedIvmdOption {
  /** 0 or a negative errno; what was read before the error stays. */
  readonly rc: number;
  /** Why the rest of the text was refused; null with rc 0. */
  readonly message: string | null;
  /** As many IVMDs, in order; each device or range of devices counts as one. */
  readonly blocks: readonly MemoryBlock[];
}

const MOST_BLOCKS = 8;

/**
 * Reads `ivmd=start[-end][=[seg:]bus:dev.func[-[seg:]bus:dev.func][,…]][;…]`, frames and addresses in hex, ends
 * inclusive (xen/drivers/passthrough/amd/iommu_acpi.c, parse_ivmd_param).
 *
 * @param text what follows `ivmd=`
 * @param before of earlier `ivmd=` options of the same command line
 */
export function parseIvmdOption(
  text: string,
  before: readonly MemoryBlock[] = [],
): ParsedIvmdOption {
  const blocks = [...before];
  const refuse = (errno: number, message: string): ParsedIvmdOption => ({
    rc: -errno,
    message: `ivmd= ${message}`,
    blocks,
  });
  const tooMany = () => refuse(ERRNO.E2BIG, `has more than ${MOST_BLOCKS} regions`);
  let pos = 0;
  do {
    if (blocks.length >= MOST_BLOCKS) return tooMany();
    const start = readNumber(text, pos, 16);
    if (start.next === pos)
      return refuse(ERRNO.EINVAL, `has no page frame at "${text.slice(pos)}"`);
    let end = start;
    if (text[start.next] === '-') {
      end = readNumber(text, start.next + 1, 16);
      if (end.next === start.next + 1 || end.value < start.value) {
        return refuse(ERRNO.EINVAL, `has no end of a region at "${text.slice(start.next + 1)}"`);
      }
    }
    pos = end.next;
    const add = (type: number, deviceId: number, auxiliary: number) =>
      blocks.push({
        type,
        flags: UNITY_READ_WRITE,
        deviceId,
        auxiliary,
        start: BigInt.asUintN(64, start.value * PAGE_SIZE),
        memoryLength: BigInt.asUintN(64, (end.value - start.value + 1n) * PAGE_SIZE),
        origin: { option: 'ivmd' },
      });
    if (text[pos] !== '=') {
      add(IVMD_TYPE.all, 0, 0);
      continue;
    }
    do {
      if (blocks.length >= MOST_BLOCKS) return tooMany();
      const first = readDevice(text, pos + 1, 0);
      if (first === null || first.segment !== 0) {
        return refuse(ERRNO.EINVAL, `has no device of segment 0 at "${text.slice(pos + 1)}"`);
      }
      pos = first.next;
      if (text[pos] !== '-') {
        add(IVMD_TYPE.device, first.bdf, 0);
        continue;
      }
      const last = readDevice(text, pos + 1, 0);
      if (last === null || last.segment !== 0 || last.bdf < first.bdf) {
        return refuse(ERRNO.EINVAL, `has no last device at "${text.slice(pos + 1)}"`);
      }
      pos = last.next;
      add(IVMD_TYPE.range, first.bdf, last.bdf);
    } while (text[pos] === ',');
  } while (text[pos++] === ';');
  return pos > text.length
    ? { rc: 0, message: null, blocks }
    : refuse(ERRNO.EINVAL, `goes on with "${text.slice(pos - 1)}", which it cannot`);
}
