import { deviceRanges } from '../acpi/ivrs/device-range.js';
import { ivhdsFor } from '../acpi/ivrs/forms.js';
import type { Ivhd } from '../acpi/ivrs/ivhd.js';
import { IVMD_FLAGS, IVMD_TYPE, type Ivmd } from '../acpi/ivrs/ivmd.js';
import type { IvrsTable } from '../acpi/ivrs/ivrs.js';
import { hasFlag } from '../acpi/layout.js';
import { DeviceIndex, type DeviceSpan, spanHolds } from '../base/device-index.js';
import { keyOf, type Sbdf, sbdfOf } from '../base/sbdf.js';
import type { PciTopology } from '../machine/pci-topology.js';
import type { RegionUse, RegionUses, ReservedRegion } from './region.js';

/**
 * Which of a table's IVMDs touch which functions of a machine: those that ask for the region to be mapped or
 * excluded, for one device, a range, the devices of an IOMMU, or all that any IOMMU serves (AMD I/O
 * virtualization specification, "I/O Virtualization Memory Definition (IVMD) Block").
 */
export class IvrsRegions implements RegionUses {
  readonly regions: readonly ReservedRegion[];
  readonly unresolved = 0;
  readonly #byDevice = new DeviceIndex<SameDevices>();
  /** By what {@link devicesKey} says of their blocks. */
  readonly #same = new Map<string, SameDevices>();

  /** @param pci null where the machine is unknown: then only regions for single devices name theirs */
  constructor(
    table: IvrsTable,
    readonly pci: PciTopology | null,
  ) {
    const units = ivhdsFor(table, 'Linux');
    this.regions = table.structures
      .filter((block) => block.name === 'IVMD')
      .map((block, index) => ({ block, index }))
      .filter(({ block }) => isRegion(block))
      .map(({ block, index }) => this.#add(units, block, index));
  }

  #add(units: readonly Ivhd[], block: Ivmd, index: number): ReservedRegion {
    const { startAddress: base, memoryLength, offset } = block;
    const { devices, regions } = this.#sameDevices(units, block);
    const region: ReservedRegion = {
      base,
      limit: base + memoryLength - 1n,
      devices,
      origin: { table: 'IVRS', structure: 'IVMD', index, offset },
    };
    regions.push({ region, index });
    return region;
  }

  #sameDevices(units: readonly Ivhd[], block: Ivmd): SameDevices {
    const key = devicesKey(block);
    const known = this.#same.get(key);
    if (known !== undefined) return known;
    const spans = spansOf(units, block);
    const made = { devices: this.#devices(spans), regions: [] };
    this.#same.set(key, made);
    for (const span of spans) this.#byDevice.add(span, made);
    return made;
  }

  /** The functions of the machine that spans hold; without a machine the devices that a span names alone. */
  #devices(spans: readonly DeviceSpan[]): Sbdf[] | null {
    const { pci } = this;
    if (pci !== null) {
      return [...pci.functions()]
        .filter((fn) => spans.some((span) => spanHolds(span, fn)))
        .map(({ segment, bus, device, func }) => ({ segment, bus, device, func }));
    }
    return spans.every(({ first, last }) => first === last)
      ? spans.map(({ segment, first }) => sbdfOf(segment, first))
      : null;
  }

  named(): Sbdf[] {
    const named = new Map<number, Sbdf>();
    for (const { devices } of this.#same.values()) {
      for (const address of devices ?? []) named.set(keyOf(address), address);
    }
    return [...named.values()];
  }

  touching(address: Sbdf): RegionUse[] {
    return this.#byDevice
      .at(address)
      .flatMap(({ regions }) => regions)
      .sort((a, b) => a.index - b.index)
      .map(({ region }) => ({ region, named: address, below: false }));
  }
}

/** Regions of blocks that are for the same devices: of those for all there may be many, and many devices. */
interface SameDevices {
  readonly devices: readonly Sbdf[] | null;
  /** Each with its place among the IVMDs. */
  readonly regions: { readonly region: ReservedRegion; readonly index: number }[];
}

/** What tells the devices of a block from those of others. */
const devicesKey = ({ type, segment, deviceId, auxiliaryData }: Ivmd): string =>
  type === IVMD_TYPE.all ? 'all' : `${type} ${segment} ${deviceId} ${auxiliaryData}`;

/** Whether a block asks for anything: without unity and exclusion nobody maps it, and of no bytes there is nothing to map. */
const isRegion = ({ flags, memoryLength }: Ivmd): boolean =>
  memoryLength > 0n &&
  (hasFlag(flags, IVMD_FLAGS, 'Unity') || hasFlag(flags, IVMD_FLAGS, 'ExclusionRange'));

/**
 * Devices that a block is for.
 *
 * @param units those that count in the table: {@link ivhdsFor} Linux
 */
export function spansOf(units: readonly Ivhd[], block: Ivmd): DeviceSpan[] {
  const { type, segment, deviceId: first, auxiliaryData: last } = block;
  if (type === IVMD_TYPE.device) return [{ segment, first, last: first }];
  if (type === IVMD_TYPE.range) return [{ segment, first, last }];
  return units
    .filter(
      (ivhd) => type !== IVMD_TYPE.iommu || (ivhd.segment === segment && ivhd.deviceId === first),
    )
    .flatMap((ivhd) => deviceRanges(ivhd).map((range) => ({ ...range, segment: ivhd.segment })));
}
