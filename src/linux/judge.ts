import { formatSbdf } from '../base/sbdf.js';
import { PCI_CLASS } from '../machine/pci-topology.js';
import type { Candidate } from '../regions/candidate.js';
import type { RegionUse } from '../regions/region.js';

/** A Linux kernel, as far as passing devices to guests goes. */
export interface LinuxKernel {
  /** As `uname -r` prints it. */
  readonly release: string;
  readonly major: number;
  readonly minor: number;
  /** Whether it is one of Proxmox's, which know `intel_iommu=relax_rmrr`. */
  readonly proxmox: boolean;
  /** Whether it was booted with that option. */
  readonly relaxesAll: boolean;
}

/** What a kernel makes of a region of a device. */
export type Restriction = 'binding' | 'relaxable' | 'unknown';

/** What VFIO does when the device is to be given to a guest. */
export interface LinuxVerdict {
  readonly verdict: 'ok' | 'blocked' | 'unknown';
  readonly reason:
    | 'no-region'
    | 'not-checked'
    | 'relaxable'
    | 'binding'
    | 'group'
    | 'unknown-class';
  /** One sentence: why. */
  readonly message: string;
  /** What the kernel then says in its log; null where it says nothing. */
  readonly log: string | null;
  /** One sentence: what to do about it; null where nothing needs doing. */
  readonly remedy: string | null;
}

type Version = readonly [major: number, minor: number];

/** Releases from which on Linux does something, as [major, minor]. */
const SINCE = {
  /** intel-iommu refuses a device with an RMRR, USB controllers aside. */
  refusal: [3, 17],
  /** Display devices are let through as well. */
  displayRelaxable: [4, 2],
  /** reserved_regions tells relaxable regions from others. */
  relaxableShown: [5, 3],
  /** The IOMMU core refuses whole groups with a direct region, in words of its own. */
  direct: [6, 6],
  /** Only functions that a scope names itself count, not those below a bridge it names. */
  namedOnly: [6, 6],
} as const satisfies Record<string, Version>;

const SENTENCES = {
  attach:
    'Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.',
  direct:
    'Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.',
  relaxed: 'Intel-IOMMU: assuming all RMRRs are relaxable',
} as const;

const isSince = ({ major, minor }: LinuxKernel, [sinceMajor, sinceMinor]: Version): boolean =>
  major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);

/**
 * Reads a kernel's release: `6.8`, `5.15.0-91-generic`, `6.8.12-4-pve`.
 *
 * @param relaxesAll whether it was booted with `intel_iommu=relax_rmrr`
 * @returns null where the text begins with no version
 */
export function parseLinuxRelease(release: string, relaxesAll = false): LinuxKernel | null {
  const match = /^(\d{1,3})\.(\d{1,4})(?![\d])/.exec(release);
  if (match === null) return null;
  const [major = 0, minor = 0] = match.slice(1).map(Number);
  return { release, major, minor, proxmox: /pve/i.test(release), relaxesAll };
}

/** Whether a kernel's command line asks for every RMRR to count as relaxable. */
export const asksToRelax = (cmdline: string): boolean =>
  /(^|\s)intel_iommu=(\S*,)?relax_rmrr(,|\s|$)/.test(cmdline);

/** Whether reserved_regions tells relaxable regions from binding ones. */
export const showsRelaxable = (kernel: LinuxKernel): boolean =>
  isSince(kernel, SINCE.relaxableShown);

/**
 * Whether a kernel believes a device's regions unused after boot (drivers/iommu/intel/iommu.c,
 * device_rmrr_is_relaxable).
 */
export function restrictionOf({ classCode }: Candidate, kernel: LinuxKernel): Restriction {
  if (kernel.relaxesAll) return 'relaxable';
  if (classCode === null) return 'unknown';
  if (classCode >> 8 === PCI_CLASS.usb) return 'relaxable';
  const displays = isSince(kernel, SINCE.displayRelaxable);
  return displays && classCode >> 16 === PCI_CLASS.display ? 'relaxable' : 'binding';
}

/** Why a restriction is what it is, as the end of a sentence. */
export function explainRestriction(candidate: Candidate, kernel: LinuxKernel): string {
  if (kernel.relaxesAll) return 'intel_iommu=relax_rmrr makes every region relaxable';
  const { classCode } = candidate;
  if (classCode === null) return 'its class is not known';
  if (classCode >> 8 === PCI_CLASS.usb) {
    return 'it is a USB controller, and such regions are believed unused after boot';
  }
  if (classCode >> 16 !== PCI_CLASS.display)
    return 'it is neither a USB controller nor a display device';
  return restrictionOf(candidate, kernel) === 'relaxable'
    ? 'it is a display device, and such regions are believed unused after boot'
    : 'kernels before 4.2 exempt no display devices';
}

/** The regions that a kernel finds a device to have: those below a named bridge only before 6.6. */
export const regionsFor = ({ uses }: Candidate, kernel: LinuxKernel): readonly RegionUse[] =>
  isSince(kernel, SINCE.namedOnly) ? uses.filter(({ below }) => !below) : uses;

/** The members of an IOMMU group for whose sake the whole group is refused. */
export const bindingMembers = (group: readonly Candidate[], kernel: LinuxKernel): Candidate[] =>
  group.filter(
    (member) =>
      regionsFor(member, kernel).length > 0 && restrictionOf(member, kernel) === 'binding',
  );

/**
 * Judges a device as VFIO would (before 6.6 drivers/iommu/intel/iommu.c, intel_iommu_attach_device; since
 * then drivers/iommu/iommu.c, __iommu_device_set_domain). VFIO takes an IOMMU group as a whole, so the
 * other members count too.
 *
 * @param culprits the members of its IOMMU group that {@link bindingMembers} finds
 */
export function judgeLinux(
  candidate: Candidate,
  culprits: readonly Candidate[],
  kernel: LinuxKernel,
): LinuxVerdict {
  const regions = regionsFor(candidate, kernel);
  if (!isSince(kernel, SINCE.refusal)) {
    return fine('not-checked', 'Linux looks at reserved regions from 3.17 on only.');
  }
  const restriction = regions.length === 0 ? 'relaxable' : restrictionOf(candidate, kernel);
  if (restriction === 'binding') {
    return {
      verdict: 'blocked',
      reason: 'binding',
      message: `Its reserved memory is binding: ${explainRestriction(candidate, kernel)}.`,
      log: sentenceOf(kernel),
      remedy: remedyOfBinding(kernel),
    };
  }
  if (culprits.length > 0) return blockedByGroup(candidate, culprits, kernel);
  if (restriction === 'unknown') {
    return {
      verdict: 'unknown',
      reason: 'unknown-class',
      message:
        'It is refused unless it is a USB controller or a display device; its class is not known.',
      log: null,
      remedy: 'Run this on the machine itself, or give a capture of it with --root.',
    };
  }
  if (kernel.relaxesAll && candidate.uses.length > 0) {
    return { ...fine('relaxable', 'Every region counts as relaxable.'), log: SENTENCES.relaxed };
  }
  if (regions.length > 0) {
    return fine(
      'relaxable',
      `Its reserved memory is relaxable: ${explainRestriction(candidate, kernel)}.`,
    );
  }
  return fine(
    'no-region',
    candidate.uses.length > 0
      ? 'Only a bridge above it is named, and from 6.6 on Linux looks at devices named themselves.'
      : 'No reserved region touches it or its IOMMU group.',
  );
}

const fine = (reason: LinuxVerdict['reason'], message: string): LinuxVerdict => ({
  verdict: 'ok',
  reason,
  message,
  log: null,
  remedy: null,
});

const sentenceOf = (kernel: LinuxKernel): string =>
  isSince(kernel, SINCE.direct) ? SENTENCES.direct : SENTENCES.attach;

const changeFirmware = (whose: string): string =>
  `look for a firmware setting or update that takes ${whose} out of its reserved region (HPE ProLiants can switch shared memory off slot by slot)`;

/** @param otherwise what helps besides Proxmox's option, as the rest of a sentence */
function remedyOfBinding(
  { proxmox }: LinuxKernel,
  otherwise = changeFirmware('the device'),
): string {
  const relax = 'intel_iommu=on,relax_rmrr on the kernel command line';
  return proxmox
    ? `Boot with ${relax}, which makes Proxmox's kernel ignore what the region is for; or ${otherwise}.`
    : `${otherwise[0]?.toUpperCase()}${otherwise.slice(1)}; only Proxmox's kernels can be told to ignore the region, by ${relax}.`;
}

/** Whether two functions are of one chip or card, which no slot can part. */
const shareSlot = ({ address: a }: Candidate, { address: b }: Candidate): boolean =>
  a.segment === b.segment && a.bus === b.bus && a.device === b.device;

function blockedByGroup(
  candidate: Candidate,
  culprits: readonly Candidate[],
  kernel: LinuxKernel,
): LinuxVerdict {
  const names = culprits.map(({ address }) => formatSbdf(address));
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and others` : names.join(', ');
  return {
    verdict: 'blocked',
    reason: 'group',
    message: `Its IOMMU group is refused as a whole: the reserved memory of ${shown} is binding.`,
    log: sentenceOf(kernel),
    remedy: remedyOfBinding(
      kernel,
      culprits.some((culprit) => shareSlot(culprit, candidate))
        ? `${changeFirmware(shown)}, for they are on one chip or card with it`
        : `see whether another slot gives it an IOMMU group without ${shown}`,
    ),
  };
}
