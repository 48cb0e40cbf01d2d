import {
  type Bond,
  bindingMembers,
  bondOf,
  explainBond,
  judgeLinux,
  type LinuxKernel,
  type LinuxVerdict,
} from '../linux/judge.js';
import { disagreements } from '../linux/kernel-view.js';
import type { IommuGroup } from '../machine/host.js';
import type { Subject } from '../regions/subject.js';
import type { Xen } from '../xen/boot.js';
import { judgeXen, unitsByDevice, type XenVerdict } from '../xen/vtd/assign.js';

/** What there is to say of a device that might be given to a guest. */
export interface DeviceReport {
  readonly subject: Subject;
  /** What Linux makes of its regions, and why; null for a device without any. */
  readonly bond: { readonly kind: Bond; readonly why: string } | null;
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
 * @param subjects all functions of the machine, since IOMMU groups are judged as a whole
 * @param wanted whether a function is to be reported on
 */
export function reportDevices(
  subjects: readonly Subject[],
  wanted: (subject: Subject) => boolean,
  { kernel, running, xen }: Judges,
): DeviceReport[] {
  const members = new Map<IommuGroup, Subject[]>();
  for (const subject of subjects) {
    if (subject.group === null) continue;
    const known = members.get(subject.group);
    if (known === undefined) members.set(subject.group, [subject]);
    else known.push(subject);
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
  return subjects.filter(wanted).map((subject) => {
    const group = subject.group === null ? undefined : groups.get(subject.group);
    return {
      subject,
      bond:
        subject.touches.length === 0
          ? null
          : { kind: bondOf(subject, kernel), why: explainBond(subject, kernel) },
      linux: judgeLinux(subject, group?.culprits ?? [], kernel),
      xen: judgeXen(subject, xen, byDevice),
      disagreements: group?.disagreements ?? [],
    };
  });
}
