import { append } from '../base/lists.js';
import { formatSbdf, type Sbdf, sameSbdf } from '../base/sbdf.js';
import type { IommuGroup } from '../machine/host.js';
import { PCI_CLASS } from '../machine/pci-topology.js';
import type { Candidate } from '../regions/candidate.js';
import type { ReservedRegion } from '../regions/region.js';

/** What has to be given to the same guest as a device, or unbound from the host. */
export interface Companions {
  /** Other members of its IOMMU group that are no bridges: Linux hands a group over as a whole. */
  readonly group: readonly Sbdf[];
  /** Other devices of its reserved regions: under Xen they disturb each other through them. */
  readonly regions: readonly Sbdf[];
  /** The first of a list, found without making the rest of it. */
  first(most: number, of: 'group' | 'regions'): readonly Sbdf[];
}

const isBridge = ({ classCode }: Candidate): boolean =>
  classCode !== null && classCode >> 16 === PCI_CLASS.bridge;

/**
 * Finds what goes with a device, for as many as are asked about.
 *
 * @param all every candidate of the machine
 */
export function companionsIn(all: readonly Candidate[]): (candidate: Candidate) => Companions {
  const byGroup = new Map<IommuGroup, Candidate[]>();
  const byRegion = new Map<ReservedRegion, Candidate[]>();
  for (const candidate of all) {
    if (candidate.group !== null && !isBridge(candidate))
      append(byGroup, candidate.group, candidate);
    for (const { region } of candidate.uses) append(byRegion, region, candidate);
  }
  const listsOf = ({ group, uses }: Candidate) => ({
    group: [group === null ? [] : (byGroup.get(group) ?? [])],
    regions: uses.map(({ region }) => byRegion.get(region) ?? []),
  });
  // Listed when somebody asks: for all devices of a large group, the lists are as long as its square.
  return (candidate) => ({
    first: (most, of) => others(candidate, listsOf(candidate)[of], most),
    get group() {
      return this.first(Number.POSITIVE_INFINITY, 'group');
    },
    get regions() {
      return this.first(Number.POSITIVE_INFINITY, 'regions');
    },
  });
}

/** Devices of lists but one, each once and at most so many. */
function others(
  of: Candidate,
  lists: readonly (readonly Candidate[])[],
  most: number,
): readonly Sbdf[] {
  const found = new Set<Sbdf>();
  for (const list of lists) {
    for (const one of list) {
      if (found.size >= most) return [...found];
      if (one !== of) found.add(one.address);
    }
  }
  return [...found];
}

/** Devices of a list that are in no other, as a sentence names them. */
export const missingOf = (wanted: readonly Sbdf[], given: readonly Sbdf[]): string[] =>
  wanted.filter((device) => !given.some((one) => sameSbdf(one, device))).map(formatSbdf);
