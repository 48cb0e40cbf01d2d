import { formatRange } from '../../base/address.js';
import { type Run, Runs } from '../../base/runs.js';
import type { Origin } from '../../regions/region.js';
import type { AmdIommu } from './iommus.js';

/** A range that a device sees at its own addresses (amd/iommu.h, struct ivrs_unity_map). */
export interface UnityMap {
  readonly base: bigint;
  /** Bytes, whole pages; modulo 2^64. */
  readonly length: bigint;
  readonly read: boolean;
  readonly write: boolean;
  /** For all devices, and so reported once. */
  readonly global: boolean;
  readonly origin: Origin;
}

/** The ranges of a device, in a list that grows at its front, as Xen's does. Never changed, only replaced. */
export interface UnityMaps {
  /** The last registered. */
  readonly map: UnityMap;
  readonly rest: UnityMaps | null;
  /** Lowest base of all. */
  readonly low: bigint;
  /** Behind all ends, and above all bases. */
  readonly high: bigint;
}

/** The ranges of a list, the last registered first. */
export function unityMaps(list: UnityMaps | null): UnityMap[] {
  const maps: UnityMap[] = [];
  for (let at = list; at !== null; at = at.rest) maps.push(at.map);
  return maps;
}

function prepend(map: UnityMap, rest: UnityMaps | null): UnityMaps {
  const { base } = map;
  const end = endOf(map) > base ? endOf(map) : base + 1n;
  const low = rest !== null && rest.low < base ? rest.low : base;
  return { map, rest, low, high: rest !== null && rest.high > end ? rest.high : end };
}

/** Whether a range lies above or below all of a list, so that it neither is one of them nor overlaps one. */
const isClearOf = (map: UnityMap, list: UnityMaps | null): boolean =>
  list === null || map.base >= list.high || (map.base < list.low && endOf(map) <= list.low);

/** What Xen knows of a device ID (amd/iommu.h, struct ivrs_mappings). Never changed, only replaced. */
export interface DeviceEntry {
  /** null: none is known to be in front of it. */
  readonly iommu: AmdIommu | null;
  /** The device ID its requests carry; null: its own. */
  readonly requestor: number | null;
  /** Whether the exclusion range of its IOMMU counts for it, where that is not for all. */
  readonly exclusion: boolean;
  /** null: none. */
  readonly maps: UnityMaps | null;
}

const sameEntry = (a: DeviceEntry, b: DeviceEntry): boolean =>
  a.iommu === b.iommu &&
  a.requestor === b.requestor &&
  a.exclusion === b.exclusion &&
  a.maps === b.maps;

const UNLISTED: DeviceEntry = {
  iommu: null,
  requestor: null,
  exclusion: false,
  maps: null,
};

/** The device IDs of segment 0, by runs (iommu_init.c, ivrs_mappings). */
export class IvrsMappings {
  readonly #entries: Runs<DeviceEntry>;

  /** @param size `ivrs_bdf_entries`, the number of device IDs there is room for */
  constructor(readonly size: number) {
    this.#entries = new Runs(size, UNLISTED, sameEntry);
  }

  /**
   * The device IDs that the hypercall's walk goes through, in runs. Those that it is the first to ask the
   * IOMMU of get function 0's entry only then, so that its maps do not count yet.
   *
   * @param unasked device IDs that nobody asked for so far
   */
  *answering(
    unasked: readonly number[],
  ): Generator<{ first: number; last: number; entry: DeviceEntry }> {
    for (const { first, last, value } of [...this.#entries]) {
      if (value.iommu !== null) {
        yield { first, last, entry: value };
        continue;
      }
      for (const bdf of unasked.filter((id) => id >= first && id <= last).sort((a, b) => a - b)) {
        if (this.findIommu(bdf) === null) continue;
        yield {
          first: bdf,
          last: bdf,
          entry: { ...this.at(bdf), requestor: value.requestor, maps: value.maps },
        };
      }
    }
  }

  /** Runs of device IDs with the same entry, in order. */
  runs(): IterableIterator<Run<DeviceEntry>> {
    return this.#entries[Symbol.iterator]();
  }

  at(bdf: number): DeviceEntry {
    return this.#entries.at(bdf);
  }

  /**
   * Puts devices behind an IOMMU, or what was known of them under another (iommu_acpi.c,
   * add_ivrs_mapping_entry). The IOMMU's own device ID is never behind itself.
   *
   * @param last inclusive
   * @param requestor the device ID that their requests carry; null: each its own
   */
  add(first: number, last: number, requestor: number | null, iommu: AmdIommu): void {
    this.#setRequestor(first, last, requestor);
    if (iommu.bdf < first || iommu.bdf > last) this.#setIommu(first, last, iommu);
    else {
      this.#setIommu(first, iommu.bdf - 1, iommu);
      this.#setIommu(iommu.bdf + 1, last, iommu);
    }
  }

  #setRequestor(first: number, last: number, requestor: number | null): void {
    const set = (from: number, to: number, id: number | null) =>
      this.#change(from, to, (entry) => ({ ...entry, requestor: id }));
    if (requestor === null || requestor < first || requestor > last) set(first, last, requestor);
    else {
      set(first, requestor - 1, requestor);
      set(requestor, requestor, null);
      set(requestor + 1, last, requestor);
    }
  }

  #setIommu(first: number, last: number, iommu: AmdIommu): void {
    this.#change(first, last, (entry) => ({ ...entry, iommu }));
  }

  #change(first: number, last: number, change: (entry: DeviceEntry) => DeviceEntry): void {
    this.#entries.update(first, last, change);
  }

  /**
   * Goes through device IDs in runs that have the same entry.
   *
   * @param last inclusive
   * @param visit is told runs, in order; what it changes of later ones it meets changed. False ends the walk
   */
  eachRun(
    first: number,
    last: number,
    visit: (first: number, last: number, entry: DeviceEntry) => boolean,
  ): void {
    for (let bdf = first; bdf <= last; ) {
      const run = this.#entries.runOf(bdf);
      const end = Math.min(run.last, last);
      if (!visit(bdf, end, run.value)) return;
      bdf = end + 1;
    }
  }

  /**
   * The IOMMU in front of a function that is there; one that is not listed gets what function 0 of its device
   * has, unless it is the IOMMU itself (pci_amd_iommu.c, find_iommu_for_device). Parsing does not do this.
   */
  findIommu(bdf: number): AmdIommu | null {
    if (bdf >= this.size) return null;
    const own = this.at(bdf).iommu;
    if (own !== null) return own;
    const entry = this.at(bdf & ~7);
    if (entry.iommu === null || entry.iommu.bdf === bdf) return null;
    const requestor = entry.requestor === bdf ? null : entry.requestor;
    const adopted = requestor === entry.requestor ? entry : { ...entry, requestor };
    this.#change(bdf, bdf, () => adopted);
    return adopted.iommu;
  }

  /** Lets the exclusion range of their IOMMU count for devices. */
  allowExclusion(first: number, last: number): void {
    this.#change(first, last, (entry) => (entry.exclusion ? entry : { ...entry, exclusion: true }));
  }

  /**
   * Registers a range for devices (iommu_acpi.c, reserve_unity_map_for_device).
   *
   * @param last inclusive
   * @returns null, or the sentence's end that says with which other range it is in conflict (-EPERM)
   */
  addUnityMap(first: number, last: number, map: UnityMap): string | null {
    let conflict: string | null = null;
    this.#change(first, last, (entry) => {
      const known = isClearOf(map, entry.maps) ? [] : unityMaps(entry.maps);
      const same = known.findIndex((other) => sameRange(other, map));
      // Xen goes down the list, so an overlap before the same range is met first.
      const lap = known.find((other, i) => (same < 0 || i < same) && overlaps(other, map));
      if (lap !== undefined) {
        conflict ??= formatUnityMap(lap);
        return entry;
      }
      if (same < 0) return { ...entry, maps: prepend(map, entry.maps) };
      if (!map.global || known[same]?.global) return entry;
      const maps = known
        .map((other, i) => (i === same ? { ...other, global: true } : other))
        .reduceRight<UnityMaps | null>((list, other) => prepend(other, list), null);
      return { ...entry, maps };
    });
    return conflict;
  }
}

const sameRange = (a: UnityMap, b: UnityMap): boolean =>
  a.base === b.base && a.length === b.length && a.read === b.read && a.write === b.write;

const endOf = ({ base, length }: UnityMap): bigint => BigInt.asUintN(64, base + length);

const overlaps = (a: UnityMap, b: UnityMap): boolean => endOf(a) > b.base && endOf(b) > a.base;

const formatUnityMap = (map: UnityMap): string =>
  formatRange(map.base, BigInt.asUintN(64, endOf(map) - 1n));
