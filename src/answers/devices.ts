import {
  bindingMembers,
  explainRestriction,
  judgeLinux,
  type LinuxCase,
  type LinuxVerdict,
  type Restriction,
  restrictionOf,
} from '../linux/judge.js';
import type { LinuxKernel } from '../linux/kernel.js';
import { disagreements } from '../linux/kernel-view.js';
import { type LinuxMachine, LinuxVtd } from '../linux/vtd.js';
import type { Host, IommuGroup } from '../machine/host.js';
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

/** What devices are judged by, beside the judges. */
export interface DevicesCase extends Judges {
  /** The table, from its signature on. */
  readonly bytes: Uint8Array;
  /** null where nothing is known of the machine. */
  readonly host: Host | null;
  /** Whether the table is the one that the host booted with, so that the host's IOMMU groups come from it. */
  readonly own: boolean;
  /** Whether the kernel was chosen, so that it is not the one that the host runs. */
  readonly chosen: boolean;
}

/** What Linux goes by, for the kernel that judges or the one that runs. */
function linuxCase(of: DevicesCase, kernel: LinuxKernel): LinuxCase {
  const { bytes, host, own, chosen, running } = of;
  const runs = !chosen || kernel.release === running?.release;
  const cmdline = runs ? (host?.linuxCmdline ?? null) : null;
  const machine: LinuxMachine = {
    pci: host?.pci ?? null,
    memoryMap: host?.memoryMap ?? null,
    cmdline,
    isVirtual: (address) => host?.pciDetails(address).physicalFunction != null,
  };
  const shown = own && runs ? (host?.iommuGroups ?? null) : null;
  return {
    kernel,
    iommu: new LinuxVtd(bytes, kernel, machine),
    groups: shown && shown.length > 0,
    // A kernel that shows groups has the IOMMU, whoever runs it.
    underXen: host?.xen != null && !chosen && !host.iommuGroups?.length,
    cmdline,
  };
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
  of: DevicesCase,
): DeviceReport[] {
  const { kernel, running, xen } = of;
  const linux = linuxCase(of, kernel);
  const viewer = running === null || running === kernel ? linux : linuxCase(of, running);
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
        culprits: bindingMembers(all, kernel, linux.iommu),
        disagreements: of.own ? disagreements(group, all, viewer.kernel, viewer.iommu) : [],
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
          : {
              kind: restrictionOf(candidate, kernel, linux.iommu),
              why: explainRestriction(candidate, kernel, linux.iommu),
            },
      linux: judgeLinux(candidate, group?.culprits ?? [], linux),
      xen: judgeXen(candidate, xen, byDevice),
      disagreements: group?.disagreements ?? [],
    };
  });
}
