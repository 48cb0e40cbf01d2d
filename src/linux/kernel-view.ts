import { formatAddress } from '../base/address.js';
import { formatSbdf } from '../base/sbdf.js';
import type { IommuGroup } from '../machine/host.js';
import type { Candidate } from '../regions/candidate.js';
import type { LinuxIommu } from './iommu.js';
import { restrictionOf, showsRelaxable } from './judge.js';
import type { LinuxKernel } from './kernel.js';

interface Expected {
  start: bigint;
  end: bigint;
  type: string;
  devices: string[];
}

/** A legacy floppy controller's DMA window, which Linux adds for ISA bridges (CONFIG_INTEL_IOMMU_FLOPPY_WA). */
const isFloppyWindow = ({ start, end }: { start: bigint; end: bigint }): boolean =>
  start === 0n && end === 0xff_ffffn;

/**
 * Compares what the running kernel lists in an IOMMU group's `reserved_regions` with what the table says of
 * the group's devices (drivers/iommu/iommu.c, iommu_group_show_resv_regions, which merges regions of one
 * type that overlap).
 *
 * @param members the group's devices
 * @param kernel the one that made the list
 * @param iommu what it makes of the table
 * @returns a sentence for each region in which they differ; none where the kernel shows no list
 */
export function disagreements(
  group: IommuGroup,
  members: readonly Candidate[],
  kernel: LinuxKernel,
  iommu: LinuxIommu,
): string[] {
  if (group.reservedRegions === null) return [];
  const expected = expectedRegions(members, kernel, iommu);
  const shown = group.reservedRegions.filter(
    (region) => region.type.startsWith('direct') && !isFloppyWindow(region),
  );
  const range = ({ start, end }: { start: bigint; end: bigint }) =>
    `${formatAddress(start)}-${formatAddress(end)}`;
  const sentences: string[] = [];
  for (const want of expected) {
    const covers = shown.filter(({ start, end }) => start <= want.start && want.end <= end);
    const who = want.devices.join(', ');
    if (covers.length === 0) {
      sentences.push(
        `The table reserves ${range(want)} for ${who}, but the kernel lists no such region for IOMMU group ${group.id}.`,
      );
    } else if (!covers.some(({ type }) => type === want.type)) {
      sentences.push(
        `The kernel lists ${range(want)} as ${covers[0]?.type} for IOMMU group ${group.id}; by the table, ${who} would make it ${want.type}.`,
      );
    }
  }
  for (const region of shown) {
    if (!expected.some(({ start, end }) => region.start <= start && end <= region.end)) {
      sentences.push(
        `The kernel lists ${range(region)} as ${region.type} for IOMMU group ${group.id}, but no region of the table there touches its devices.`,
      );
    }
  }
  return sentences;
}

/** The regions a kernel would list, each with the devices it is for. */
function expectedRegions(
  members: readonly Candidate[],
  kernel: LinuxKernel,
  iommu: LinuxIommu,
): Expected[] {
  const regions = new Map<string, Expected>();
  for (const member of members) {
    const restriction = restrictionOf(member, kernel, iommu);
    const type =
      restriction === 'relaxable' && showsRelaxable(kernel) ? 'direct-relaxable' : 'direct';
    for (const { base: start, limit: end } of iommu.regionsOf(member)) {
      const key = `${start}-${end}-${type}`;
      const entry = regions.get(key) ?? { start, end, type, devices: [] };
      regions.set(key, entry);
      entry.devices.push(formatSbdf(member.address));
    }
  }
  return [...regions.values()];
}
