import {
  bindingMembers,
  explainRestriction,
  judgeLinux,
  type LinuxKernel,
  type LinuxVerdict,
  type Restriction,
  restrictionOf,
} from '../linux/judge.js';
import { disagreements } from '../linux/kernel-view.js';
import type { IommuGroup } from '../machine/host.js';
import type { Candidate } from '../regions/candidate.js';
import type { Xen } from '../xen/boot.js';
import { judgeXen, unitsByDevice, type XenVerdict } from '../xen/vtd/assign.js';

/** What there is to say of a device that might be given to a guest. */
export interface DeviceReport {
  readonly candidate: Candidate;
  /** What Linux makes of its regions, and why; null for a device without any. */
  readonly restriction: { readonly kind: Restriction; readonly why: string } | null;
  readonly linux: LinuxVerdict;
  readonly xen: XenVerdict;
  /** Where the running kernel's list of its group's reserved regions differs from the table. */
  readonly disagreements: readonly string[];
}

/** Who judges. */
export interface Judges {
  readonly kernel: LinuxKernel;
  /** The kernel that the host runs, which made its lists; null where it is not known. */
  readonly running: LinuxKernel | null;
  readonly xen: Xen;
}

/**
 * Judges devices.
 *
 * @param candidates all functions of the machine, since IOMMU groups are judged as a whole
 * @param wanted whether a function is to be reported on
 */
export function reportDevices(
  candidates: readonly Candidate[],
  wanted: (candidate: Candidate) => boolean,
  { kernel, running, xen }: Judges,
): DeviceReport[] {
  const members = new Map<IommuGroup, Candidate[]>();
  for (const candidate of candidates) {
    if (candidate.group === null) continue;
    const known = members.get(candidate.group);
    if (known === undefined) members.set(candidate.group, [candidate]);
    else known.push(candidate);
  }
  const groups = new Map(
    [...members].map(([group, all]) => [
      group,
      {
        culprits: bindingMembers(all, kernel),
        disagreements: disagreements(group, all, running ?? kernel),
      },
    ]),
  );
  const byDevice = unitsByDevice(xen);
  return candidates.filter(wanted).map((candidate) => {
    const group = candidate.group === null ? undefined : groups.get(candidate.group);
    return {
      candidate,
      restriction:
        candidate.uses.length === 0
          ? null
          : { kind: restrictionOf(candidate, kernel), why: explainRestriction(candidate, kernel) },
      linux: judgeLinux(candidate, group?.culprits ?? [], kernel),
      xen: judgeXen(candidate, xen, byDevice),
      disagreements: group?.disagreements ?? [],
    };
  });
}
