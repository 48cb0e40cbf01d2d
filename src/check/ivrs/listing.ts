import { deviceRanges, LAST_DEVICE_ID } from '../../acpi/ivrs/device-range.js';
import type { Ivhd } from '../../acpi/ivrs/ivhd.js';

const IDS = LAST_DEVICE_ID + 1;
const IDS_OF_A_BUS = 0x100;

/**
 * Where a table first lists each device of segment 0 in an IVHD of Xen's form, asked about ranges of devices.
 * Made in linear time, whatever the entries overlap.
 */
export class DeviceListing {
  /** Offset of the first IVHD that lists a device, by device ID. */
  readonly #since = new Float64Array(IDS).fill(Number.POSITIVE_INFINITY);
  /** The highest of these for the devices of a bus. */
  readonly #busSince: number[] = [];

  /** @param ivhds those of Xen's form, in table order */
  constructor(ivhds: readonly Ivhd[]) {
    // A device that is listed leads to the next that is not yet.
    const next = new Uint32Array(IDS + 1);
    for (let id = 0; id <= IDS; id++) next[id] = id;
    const unlisted = (from: number): number => {
      let id = from;
      while (next[id] !== id) {
        next[id] = next[next[id] as number] as number;
        id = next[id] as number;
      }
      return id;
    };
    for (const ivhd of ivhds) {
      if (ivhd.segment !== 0) continue;
      for (const { first, last } of deviceRanges(ivhd)) {
        let id = unlisted(first);
        while (id <= last) {
          // An IOMMU is never behind itself.
          if (id === ivhd.deviceId) id++;
          else {
            this.#since[id] = ivhd.offset;
            next[id] = id + 1;
          }
          id = unlisted(id);
        }
      }
    }
    for (let id = 0; id < IDS; id += IDS_OF_A_BUS) {
      this.#busSince.push(Math.max(...this.#since.subarray(id, id + IDS_OF_A_BUS)));
    }
  }

  /**
   * The first device of a range, ends inclusive, that no IVHD lists before an offset of the table.
   *
   * @returns its ID; null where all are listed there
   */
  firstWithout(first: number, last: number, offset: number): number | null {
    for (let id = first; id <= last; id++) {
      const bus = id / IDS_OF_A_BUS;
      if (Number.isInteger(bus) && (this.#busSince[bus] as number) < offset) {
        id += IDS_OF_A_BUS - 1;
      } else if ((this.#since[id] as number) >= offset) return id;
    }
    return null;
  }
}
