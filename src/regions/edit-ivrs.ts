import { encodeValue } from '../acpi/encode.js';
import type { Block } from '../acpi/ivrs/blocks.js';
import { ivhdsFor } from '../acpi/ivrs/forms.js';
import { IVMD_FLAGS, IVMD_TYPE, type Ivmd, ivmd as ivmdLayout } from '../acpi/ivrs/ivmd.js';
import type { IvrsTable } from '../acpi/ivrs/ivrs.js';
import { NO_BYTES } from '../acpi/layout.js';
import { PAGE_SIZE } from '../base/address.js';
import { type DeviceSpan, deviceIdOf, spanHolds } from '../base/device-index.js';
import { append } from '../base/lists.js';
import type { Sbdf } from '../base/sbdf.js';
import type { PciTopology } from '../machine/pci-topology.js';
import type { EditedTable, Edits, NewRegion, TableEdit } from './edit.js';
import { IvrsRegions, spansOf } from './of-ivrs.js';

/** A block with its place among the IVMDs of the table before. */
interface Placed {
  readonly index: number;
  readonly block: Ivmd;
}

/**
 * Changes a table's IVMD blocks; all other blocks stay byte for byte. A device is taken out of a block for several by
 * blocks for those before and behind it.
 *
 * @param pci the machine's functions; null where they are not known
 */
export function editIvrs(
  table: IvrsTable,
  edits: Edits,
  pci: PciTopology | null,
): EditedTable<IvrsTable> {
  const editor = new Editor(table, pci);
  const unmatched = {
    regions: (edits.dropRegions ?? []).filter((address) => !editor.dropRegion(address)),
    devices: (edits.dropDevices ?? []).filter((device) => !editor.dropDevice(device)),
  };
  if (edits.fix) editor.align();
  for (const region of edits.addRegions ?? []) editor.add(region);
  // Regions may overlap here: each is mapped for its devices, and neither Linux nor Xen minds.
  return { table: editor.result(), edits: editor.edits, unmatched, overlaps: false };
}

class Editor {
  readonly edits: TableEdit[] = [];
  #placed: Placed[];
  readonly #ivhds: readonly Block[];
  readonly #added: Ivmd[] = [];

  constructor(
    readonly table: IvrsTable,
    readonly pci: PciTopology | null,
  ) {
    this.#ivhds = table.structures.filter(({ name }) => name === 'IVHD');
    this.#placed = table.structures
      .filter((block) => block.name === 'IVMD')
      .map((block, index) => ({ index, block }));
  }

  dropRegion(address: bigint): boolean {
    const lies = ({ block: { startAddress, memoryLength } }: Placed) =>
      startAddress === address ||
      (startAddress <= address && address < startAddress + memoryLength);
    const dropped = this.#placed.filter(lies);
    for (const placed of dropped) this.#note('drop-region', placed, this.#devicesOf(placed));
    this.#placed = this.#placed.filter((placed) => !lies(placed));
    return dropped.length > 0;
  }

  dropDevice(device: Sbdf): boolean {
    let found = false;
    const units = ivhdsFor(this.table, 'Linux');
    this.#placed = this.#placed.flatMap((placed) => {
      const spans = spansOf(units, placed.block);
      if (!spans.some((span) => spanHolds(span, device))) return [placed];
      found = true;
      this.#note('drop-device', placed, [device]);
      const left = spans.flatMap((span) =>
        spanHolds(span, device) ? around(span, device) : [span],
      );
      if (left.length === 0) this.#note('drop-region', placed, []);
      return left.map((span) => ({ ...placed, block: forSpan(placed.block, span) }));
    });
    return found;
  }

  /** Regions begin and end with a page. */
  align(): void {
    this.#placed = this.#placed.map((placed) => {
      const { startAddress, memoryLength } = placed.block;
      if (memoryLength === 0n) return placed;
      const start = startAddress - (startAddress % PAGE_SIZE);
      const end = startAddress + memoryLength + PAGE_SIZE - 1n;
      const length = end - (end % PAGE_SIZE) - start;
      if (start === startAddress && length === memoryLength) return placed;
      this.#note('align-region', placed, this.#devicesOf(placed));
      return { ...placed, block: { ...placed.block, startAddress: start, memoryLength: length } };
    });
  }

  add({ base, limit, devices }: NewRegion): void {
    for (const device of devices) {
      const block: Ivmd = {
        type: IVMD_TYPE.device,
        name: 'IVMD',
        offset: 0,
        flags: READ_AND_WRITTEN,
        length: 0,
        deviceId: deviceIdOf(device),
        auxiliaryData: 0,
        segment: device.segment,
        reserved: new Uint8Array(6),
        startAddress: base,
        memoryLength: limit - base + 1n,
        trailing: NO_BYTES,
      };
      this.#added.push({ ...block, length: encodeValue(ivmdLayout, block).length });
    }
    this.edits.push({ action: 'add-region', base, limit, index: null, devices });
  }

  result(): IvrsTable {
    const kept = new Map<number, Ivmd[]>();
    for (const { index, block } of this.#placed) append(kept, index, block);
    let index = 0;
    const structures = this.table.structures.flatMap((block): Block[] =>
      block.name === 'IVMD' ? (kept.get(index++) ?? []) : [block],
    );
    return { ...this.table, structures: [...structures, ...this.#added] };
  }

  #devicesOf({ block }: Placed): readonly Sbdf[] {
    const { regions } = new IvrsRegions(
      { ...this.table, structures: [...this.#ivhds, block] },
      this.pci,
    );
    return regions[0]?.devices ?? [];
  }

  #note(action: TableEdit['action'], { index, block }: Placed, devices: readonly Sbdf[]): void {
    const { startAddress: base, memoryLength } = block;
    this.edits.push({ action, base, limit: base + memoryLength - 1n, index, devices });
  }
}

/** Unity, readable and writable. */
const READ_AND_WRITTEN = (1 << IVMD_FLAGS.Unity) | (1 << IVMD_FLAGS.IR) | (1 << IVMD_FLAGS.IW);

/** What is left of a span without a device of it. */
const around = ({ segment, first, last }: DeviceSpan, device: Sbdf): DeviceSpan[] =>
  [
    { segment, first, last: deviceIdOf(device) - 1 },
    { segment, first: deviceIdOf(device) + 1, last },
  ].filter((span) => span.first <= span.last);

/** A block for other devices. */
const forSpan = (block: Ivmd, { segment, first, last }: DeviceSpan): Ivmd => ({
  ...block,
  type: first === last ? IVMD_TYPE.device : IVMD_TYPE.range,
  segment,
  deviceId: first,
  auxiliaryData: first === last ? 0 : last,
});
