import { formatSbdf, formatSegment } from '../base/sbdf.js';
import { PCI_CLASS } from '../machine/pci-topology.js';
import type { Candidate } from '../regions/candidate.js';
import type { OffReason } from './dmar.js';
import type { LinuxIommu } from './iommu.js';
import {
  amdOffSwitch,
  does,
  knowsRelax,
  type LinuxKernel,
  offSwitch,
  sinceWhen,
} from './kernel.js';

/** What a kernel makes of a region of a device. */
export type Restriction = 'binding' | 'relaxable' | 'unknown';

/** Where VFIO fails: binding the driver vfio-pci, or an ioctl of the container (type 1). */
export type VfioStep = 'bind' | 'set-container' | 'set-iommu';

/** What VFIO does when the device is to be given to a guest. */
export interface LinuxVerdict {
  /** `not-applicable` where Xen has the IOMMU, so that Linux gives nothing away. */
  readonly verdict: 'ok' | 'blocked' | 'unknown' | 'not-applicable';
  readonly reason:
    | 'no-region'
    | 'not-checked'
    | 'relaxable'
    | 'binding'
    | 'group'
    | 'unknown-class'
    | 'no-iommu'
    | 'no-unit'
    | 'bridge'
    | 'xen';
  /** One sentence: why. */
  readonly message: string;
  /** What the kernel then says in its log; null where it says nothing. */
  readonly log: string | null;
  /** The step at which VFIO fails; null where it does not, or that is not known. */
  readonly step: VfioStep | null;
  /** The error of that step by its name, `EPERM`; null where there is none. */
  readonly errno: 'EPERM' | 'EINVAL' | null;
  /** Where iommufd fails, which kernels from 6.6 on have beside the container; null where it does not. */
  readonly iommufd: { readonly step: 'bind'; readonly errno: 'EINVAL' } | null;
  /** What QEMU says of that step, as it stands in libvirt's log; null where nothing fails. */
  readonly qemu: string | null;
  /** One sentence: what to do about it; null where nothing needs doing. */
  readonly remedy: string | null;
}

const SENTENCES = {
  attach:
    'Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.',
  direct:
    'Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.',
  relaxed: 'Intel-IOMMU: assuming all RMRRs are relaxable',
} as const;

/** Whether reserved_regions tells relaxable regions from binding ones. */
export const showsRelaxable = (kernel: LinuxKernel): boolean => does(kernel, 'relaxableShown');

/**
 * Whether Linux believes the regions of a class of devices unused after boot: USB controllers and display devices
 * (drivers/iommu/intel/iommu.c, device_rmrr_is_relaxable).
 *
 * @param classCode 24 bits: base class, subclass, programming interface
 * @param kernel left out: one of today's
 */
export const isRelaxableClass = (classCode: number, kernel?: LinuxKernel): boolean =>
  classCode >> 8 === PCI_CLASS.usb ||
  (classCode >> 16 === PCI_CLASS.display &&
    (kernel === undefined || does(kernel, 'displayRelaxable')));

/**
 * What a kernel makes of a device's regions. Those of AMD's IVMD blocks bind whatever the device is
 * (drivers/iommu/amd/iommu.c, amd_iommu_get_resv_regions).
 */
export function restrictionOf(
  { classCode }: Candidate,
  kernel: LinuxKernel,
  { vendor }: Pick<LinuxIommu, 'vendor'>,
): Restriction {
  if (vendor === 'AMD') return 'binding';
  if (kernel.relaxesAll) return 'relaxable';
  if (classCode === null) return 'unknown';
  return isRelaxableClass(classCode, kernel) ? 'relaxable' : 'binding';
}

/** Why a restriction is what it is, as the end of a sentence. */
export function explainRestriction(
  { classCode }: Candidate,
  kernel: LinuxKernel,
  { vendor }: Pick<LinuxIommu, 'vendor'>,
): string {
  if (vendor === 'AMD') return 'on AMD a region binds devices of every kind';
  if (kernel.relaxesAll) return 'intel_iommu=relax_rmrr makes every region relaxable';
  if (classCode === null) return 'its class is not known';
  if (classCode >> 8 === PCI_CLASS.usb) {
    return 'it is a USB controller, and such regions are believed unused after boot';
  }
  if (classCode >> 16 !== PCI_CLASS.display) {
    return 'it is neither a USB controller nor a display device';
  }
  return isRelaxableClass(classCode, kernel)
    ? 'it is a display device, and such regions are believed unused after boot'
    : `kernels before ${sinceWhen('displayRelaxable')} exempt no display devices`;
}

/** Whether a kernel refuses devices for their regions at all: Intel's driver from 3.17 on, the core from 6.6 on. */
const refuses = ({ kernel, iommu }: Pick<LinuxCase, 'kernel' | 'iommu'>): boolean =>
  does(kernel, iommu.vendor === 'Intel' ? 'refusal' : 'direct');

/** The members of an IOMMU group for whose sake the whole group is refused. */
export const bindingMembers = (
  group: readonly Candidate[],
  kernel: LinuxKernel,
  iommu: LinuxIommu,
): Candidate[] =>
  group.filter(
    (member) =>
      refuses({ kernel, iommu }) &&
      iommu.regionsOf(member).length > 0 &&
      restrictionOf(member, kernel, iommu) === 'binding',
  );

/** What the judge goes by, the same for all devices of a machine. */
export interface LinuxCase {
  readonly kernel: LinuxKernel;
  readonly iommu: LinuxIommu;
  /**
   * Whether the kernel itself showed that it has IOMMU groups: true or false where it ran with this table, null where
   * it did not, or shows nothing of the kind.
   */
  readonly groups: boolean | null;
  /** Whether Xen has the IOMMU, and Linux is its domain 0. */
  readonly underXen: boolean;
  /** What the kernel was booted with; null where that is not known. */
  readonly cmdline: string | null;
}

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
  linux: LinuxCase,
): LinuxVerdict {
  const { kernel, iommu } = linux;
  const hindrance = withoutIommu(candidate, linux);
  if (hindrance !== null) return hindrance;
  if (iommu.vendor === 'Intel' && !refuses(linux)) {
    const since = sinceWhen('refusal');
    return fine('not-checked', `Linux looks at reserved regions from ${since} on only.`);
  }
  const regions = iommu.regionsOf(candidate);
  if (!refuses(linux)) {
    return regions.length === 0
      ? fine('no-region', noRegion(candidate, kernel))
      : fine(
          'not-checked',
          `Linux before ${sinceWhen('direct')} does not refuse it, but a guest with RAM where its reserved memory is cannot be started with it (VFIO_MAP_DMA fails with EINVAL).`,
        );
  }
  const restriction = regions.length === 0 ? 'relaxable' : restrictionOf(candidate, kernel, iommu);
  if (restriction === 'binding') {
    return refusal(candidate, kernel, {
      reason: 'binding',
      message: `Its reserved memory is binding: ${explainRestriction(candidate, kernel, iommu)}.`,
      remedy: remedyOfBinding(linux),
    });
  }
  if (culprits.length > 0) return blockedByGroup(candidate, culprits, linux);
  if (candidate.bridge) {
    return {
      ...unbound(kernel),
      reason: 'bridge',
      message: 'It is a bridge, and VFIO takes none.',
      remedy: null,
    };
  }
  if (restriction === 'unknown') {
    return {
      verdict: 'unknown',
      reason: 'unknown-class',
      message:
        'It is refused unless it is a USB controller or a display device; its class is not known.',
      ...NOWHERE,
      remedy: 'Run this on the machine itself, or give a capture of it with --root.',
    };
  }
  if (kernel.relaxesAll && candidate.uses.length > 0) {
    return { ...fine('relaxable', 'Every region counts as relaxable.'), log: SENTENCES.relaxed };
  }
  if (regions.length > 0) {
    const why = explainRestriction(candidate, kernel, iommu);
    return fine('relaxable', `Its reserved memory is relaxable: ${why}.`);
  }
  return fine('no-region', noRegion(candidate, kernel));
}

const NOWHERE = { log: null, step: null, errno: null, iommufd: null, qemu: null } as const;

const fine = (reason: LinuxVerdict['reason'], message: string): LinuxVerdict => ({
  verdict: 'ok',
  reason,
  message,
  ...NOWHERE,
  remedy: null,
});

const IOMMUFD = { step: 'bind', errno: 'EINVAL' } as const;

/** A device that vfio-pci cannot even be bound to. */
const unbound = (kernel: LinuxKernel) =>
  ({
    verdict: 'blocked',
    log: null,
    step: 'bind',
    errno: 'EINVAL',
    iommufd: does(kernel, 'iommufd') ? IOMMUFD : null,
    qemu: null,
  }) as const;

/** What QEMU calls the ioctls of a container (hw/vfio/container.c), and the errors of the C library. */
const QEMU_STEPS = {
  'set-container': 'Failed to set group container',
  'set-iommu': 'Failed to set iommu for container',
} as const;
const ERRORS = { EPERM: 'Operation not permitted', EINVAL: 'Invalid argument' } as const;

/** Where a kernel refuses a group with a binding region, and in what words. */
function refusal(
  { group }: Candidate,
  kernel: LinuxKernel,
  { reason, message, remedy }: Pick<LinuxVerdict, 'reason' | 'message' | 'remedy'>,
): LinuxVerdict {
  const direct = does(kernel, 'direct');
  const early = direct || (does(kernel, 'ownership') && !does(kernel, 'blockingDomain'));
  const step = early ? 'set-container' : 'set-iommu';
  const errno = direct ? 'EINVAL' : 'EPERM';
  // Without a spread, with which V8 gives each object a shape of its own: there may be one for each device ID.
  return {
    verdict: 'blocked',
    reason,
    message,
    log: direct ? SENTENCES.direct : SENTENCES.attach,
    step,
    errno,
    iommufd: does(kernel, 'iommufd') ? IOMMUFD : null,
    qemu: `failed to setup container for group ${group?.id ?? 'N'}: ${QEMU_STEPS[step]}: ${ERRORS[errno]}`,
    remedy,
  };
}

/** Why no region counts for a device, though the table may name it. */
function noRegion({ uses, physicalFunction, known }: Candidate, kernel: LinuxKernel): string {
  if (uses.length === 0) {
    if (!known) {
      return 'No reserved region names it; nothing is known of its machine, nor of bridges above it.';
    }
    return physicalFunction === null
      ? 'No reserved region touches it or its IOMMU group.'
      : 'No reserved region touches it or its IOMMU group; those of its physical function are not its own.';
  }
  if (uses.every(({ below }) => below)) {
    return `Only a bridge above it is named, and Linux takes in what is below one from ${sinceWhen('belowBridge')} on.`;
  }
  return kernel.relaxesAll
    ? 'Every region counts as relaxable.'
    : 'The table names it by a path that Linux does not follow, so no reserved region touches it.';
}

/** The verdict on a device that no IOMMU serves; null where one does, or where that is not known. */
function withoutIommu(candidate: Candidate, linux: LinuxCase): LinuxVerdict | null {
  const { iommu, groups, underXen } = linux;
  if (underXen) {
    return {
      verdict: 'not-applicable',
      reason: 'xen',
      message: 'Xen has the IOMMU, so VFIO gives no device away; Xen judges.',
      ...NOWHERE,
      remedy: null,
    };
  }
  if (groups === null ? iommu.failure !== null : !groups) {
    return {
      ...unbound(linux.kernel),
      reason: 'no-iommu',
      message: `The kernel has no IOMMU in use, so VFIO gives no device away: ${whyOff(linux)}.`,
      remedy: remedyOfOff(linux),
    };
  }
  if (groups === true ? candidate.group !== null : iommu.serves(candidate) !== false) return null;
  const { segment } = candidate.address;
  const none = iommu.hasUnitOf(segment)
    ? 'No remapping unit of the table serves it'
    : `The table has no remapping unit of segment ${formatSegment(segment)}`;
  return {
    ...unbound(linux.kernel),
    reason: 'no-unit',
    message:
      iommu.serves(candidate) === false
        ? `${none}, so it has no IOMMU group and VFIO cannot take it.`
        : 'It has no IOMMU group, so VFIO cannot take it.',
    remedy: "Report it to the firmware's vendor: a unit or a device scope is missing.",
  };
}

const OFF: Readonly<Record<Exclude<OffReason, 'option'>, string>> = {
  'header-truncated': 'the table ends inside its header',
  checksum: 'the checksum of the table is wrong',
  'address-width': 'the host address width of the table is below 12 bits',
  overrun: 'a structure runs past the end of the table',
  'base-zero': "a unit's register base address is 0",
  'base-all-ones': "a unit's register base address is all ones",
  'base-taken': "a unit's registers lie in memory or overlap another unit's",
  'andd-name': "an ANDD's name has no NUL at its end",
  'region-place':
    'a region does not lie in reserved memory, for which Linux 5.5 gives the table up',
  'no-unit': 'it finds no remapping unit in the table',
  'scope-loop': 'a device scope entry of length 0 keeps it from starting at all',
  'structure-loop': 'a structure of length 0 keeps it from starting at all',
  'scope-type': 'a device scope entry calls a bridge an endpoint, or the reverse',
};

/** Why the kernel has no IOMMU in use, as the end of a sentence. */
function whyOff({ iommu: { vendor, failure }, cmdline }: LinuxCase): string {
  if (failure === null) return 'it shows no IOMMU group, and the table does not say why';
  if (failure.reason === 'option') {
    const option = vendor === 'Intel' ? offSwitch(cmdline ?? '') : amdOffSwitch(cmdline ?? '');
    return `it was booted with ${option}`;
  }
  const where = failure.reason === 'no-unit' ? '' : ` (offset ${failure.offset})`;
  return `${OFF[failure.reason]}${where}`;
}

function remedyOfOff({ iommu: { vendor, failure } }: LinuxCase): string {
  if (failure === null) {
    return vendor === 'Intel'
      ? 'Switch VT-d on in the firmware setup, and boot with intel_iommu=on.'
      : 'Switch the IOMMU on in the firmware setup.';
  }
  return failure.reason === 'option'
    ? 'Boot without that option.'
    : 'Update the firmware, or have the kernel load a corrected table.';
}

/** HPE's setting is of machines with Intel's processors. */
const changeFirmware = (whose: string, { vendor }: LinuxIommu): string =>
  `look for a firmware setting or update that takes ${whose} out of its reserved region${vendor === 'Intel' ? ' (HPE ProLiants can switch shared memory off slot by slot)' : ''}`;

const capitalised = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}`;

/** @param otherwise what helps besides Proxmox's option, as the rest of a sentence */
function remedyOfBinding(
  { kernel, iommu }: LinuxCase,
  otherwise = changeFirmware('the device', iommu),
): string {
  if (iommu.vendor === 'AMD') return `${capitalised(otherwise)}.`;
  const relax = 'intel_iommu=on,relax_rmrr on the kernel command line';
  return knowsRelax(kernel.release)
    ? `Boot with ${relax}, which makes Proxmox's kernel ignore what the region is for; or ${otherwise}.`
    : `${capitalised(otherwise)}; only Proxmox's kernels from 6.2.16-13 on can be told to ignore the region, by ${relax}.`;
}

/** Whether two functions are of one chip or card, which no slot can part. */
const shareSlot = ({ address: a }: Candidate, { address: b }: Candidate): boolean =>
  a.segment === b.segment && a.bus === b.bus && a.device === b.device;

function blockedByGroup(
  candidate: Candidate,
  culprits: readonly Candidate[],
  linux: LinuxCase,
): LinuxVerdict {
  const names = culprits.map(({ address }) => formatSbdf(address));
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and others` : names.join(', ');
  return refusal(candidate, linux.kernel, {
    reason: 'group',
    message: `Its IOMMU group is refused as a whole: the reserved memory of ${shown} is binding.`,
    remedy: remedyOfBinding(
      linux,
      culprits.some((culprit) => shareSlot(culprit, candidate))
        ? `${changeFirmware(shown, linux.iommu)}, for they are on one chip or card with it`
        : `see whether another slot gives it an IOMMU group without ${shown}`,
    ),
  });
}
