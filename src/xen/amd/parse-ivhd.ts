import { ENTRY, plainEntry, specialEntry, VARIETY } from '../../acpi/ivrs/device-entry.js';
import { ivhd11 } from '../../acpi/ivrs/ivhd.js';
import { sbdfKey } from '../../base/sbdf.js';
import { ERRNO } from '../hypercall/errno.js';
import type { ParseFailure } from '../stop.js';
import { type Block, blockName, deviceName, failAt } from './blocks.js';
import { type EntryAt, entryName, walkEntries } from './device-entries.js';
import { type AmdIommu, iommuAt } from './iommus.js';
import type { ParseState } from './parse-state.js';

/**
 * Puts the devices of an IVHD behind its IOMMU (xen/drivers/passthrough/amd/iommu_acpi.c,
 * parse_ivhd_block).
 *
 * @returns null to go on
 */
export function parseIvhd(state: ParseState, block: Block): ParseFailure | null {
  const { memory, found } = state;
  const segment = memory.u16(block.offset + ivhd11.at.segment);
  const capability = memory.u16(block.offset + ivhd11.at.capabilityOffset);
  const iommu = iommuAt(found.iommus, segment, block.deviceId, capability);
  // All IVHDs of the form were detected before; without an IOMMU nobody would have come here.
  if (iommu === null) throw new Error(`no IOMMU for the ${blockName(block)}`);
  return walkEntries(memory, block, (entry) => parseEntry(state, block, iommu, entry));
}

function parseEntry(
  state: ParseState,
  block: Block,
  iommu: AmdIommu,
  entry: EntryAt,
): ParseFailure | null {
  const { memory, bdfEntries } = state;
  const { kind, offset, length, lastId } = entry;
  const fail = (message: string) =>
    failAt(
      { offset, length },
      ERRNO.ENODEV,
      `The ${entryName(entry)} in the ${blockName(block)} ${message}.`,
    );
  if (!entry.whole) return fail('goes on beyond its block');
  if (kind === 'padding') return null;
  const sourceId =
    entry.alias || kind === 'special' ? memory.u16(offset + specialEntry.at.sourceDeviceId) : null;
  const first =
    kind === 'special' ? (sourceId as number) : memory.u16(offset + plainEntry.at.deviceId);
  const last = kind === 'range' ? lastId : first;
  if (kind === 'range') {
    if (memory.u8(offset + length - 4) !== ENTRY.rangeEnd)
      return fail('begins a range without an end');
    if (last <= first) {
      return fail(
        last === first
          ? `is a range of one device, ${deviceName(first)}, which Xen refuses`
          : `is a range from ${deviceName(first)} back to ${deviceName(last)}`,
      );
    }
  }
  for (const id of [first, last, sourceId ?? 0]) {
    if (id >= bdfEntries) {
      return fail(
        `names ${deviceName(id)}, beyond ${deviceName(bdfEntries - 1)}, up to which Xen made room`,
      );
    }
  }
  if (iommu.segment === 0) state.mappings?.add(first, last, entry.alias ? sourceId : null, iommu);
  return kind === 'special' ? parseSpecial(state, iommu, offset, first, fail) : null;
}

function parseSpecial(
  { memory, iommu: settings, ioApics }: ParseState,
  iommu: AmdIommu,
  offset: number,
  bdf: number,
  fail: (message: string) => ParseFailure,
): ParseFailure | null {
  const variety = memory.u8(offset + specialEntry.at.variety);
  if (variety === VARIETY.hpet) return null;
  if (variety !== VARIETY.ioApic)
    return fail(`has the variety ${variety}, which Xen does not know`);
  if (!settings.intremap) return null;
  const refusal = ioApics.place(
    memory.u8(offset + specialEntry.at.handle),
    sbdfKey(iommu.segment, 0, 0, 0) + bdf,
  );
  return refusal === null ? null : fail(refusal);
}
