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
  return (candidate) => {
    const { group, uses } = candidate;
    return new Others(candidate, {
      group: [group === null ? [] : (byGroup.get(group) ?? [])],
      regions: uses.map(({ region }) => byRegion.get(region) ?? []),
    });
  };
}

/** Lists are made when somebody asks: for all devices of a large group they are as long as its square. */
class Others implements Companions {
  readonly #of: Candidate;
  readonly #lists: Readonly<Record<'group' | 'regions', readonly (readonly Candidate[])[]>>;

  constructor(
    of: Candidate,
    lists: Readonly<Record<'group' | 'regions', readonly (readonly Candidate[])[]>>,
  ) {
    this.#of = of;
    this.#lists = lists;
  }

  get group(): readonly Sbdf[] {
    return this.first(Number.POSITIVE_INFINITY, 'group');
  }

  get regions(): readonly Sbdf[] {
    return this.first(Number.POSITIVE_INFINITY, 'regions');
  }

  first(most: number, of: 'group' | 'regions'): readonly Sbdf[] {
    return others(this.#of, this.#lists[of], most);
  }
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
