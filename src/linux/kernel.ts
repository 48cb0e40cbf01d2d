import { requireText } from '../base/arguments.js';
/** A Linux kernel, as far as passing devices to guests goes. */
export interface LinuxKernel {
  /** As `uname -r` prints it. */
  readonly release: string;
  readonly major: number;
  readonly minor: number;
  /** Whether it is one of Proxmox's. */
  readonly proxmox: boolean;
  /** Whether it was booted with `intel_iommu=relax_rmrr`, and knows that option. */
  readonly relaxesAll: boolean;
}

type Version = readonly [major: number, minor: number];

/** Releases from which on Linux does something, as [major, minor]. */
const SINCE = {
  /** intel-iommu refuses a device with an RMRR, USB controllers aside. */
  refusal: [3, 17],
  /** Two DRHDs of one segment with one base address are one unit (drivers/iommu/dmar.c, dmar_find_dmaru). */
  unitsMerged: [3, 19],
  /** Display devices are let through as well. */
  displayRelaxable: [4, 2],
  /** reserved_regions tells relaxable regions from others. */
  relaxableShown: [5, 3],
  /** What is below a bridge that a region names has the region too (is_downstream_to_pci_bridge). */
  belowBridge: [5, 3],
  /** A region outside of reserved memory is noticed; 5.5 gives the whole table up for it. */
  placeChecked: [5, 5],
  /** Such a region is logged, and used all the same. */
  placeLogged: [5, 6],
  /** AMD: an exclusion range is mapped for its devices one to one, to read and to write. */
  exclusionMapped: [5, 6],
  /** A bridge of any kind with an endpoint's header may be named as a sub-hierarchy; before, only class 0680. */
  anyBridgeClass: [5, 6],
  /** SATC structures are read. */
  satc: [5, 14],
  /** VFIO claims a group's devices as the group joins a container (iommu_group_claim_dma_owner). */
  ownership: [5, 19],
  /** AMD: PCI segments are told apart. */
  amdSegments: [6, 1],
  /** ACPI NVS counts as reserved memory. */
  nvsReserved: [6, 1],
  /** Claiming blocks DMA without attaching a domain, so that the refusal comes later. */
  blockingDomain: [6, 2],
  /** VFIO's devices can be opened without their groups, by iommufd. */
  iommufd: [6, 6],
  /** The IOMMU core refuses whole groups with a direct region, in words of its own. */
  direct: [6, 6],
} as const satisfies Record<string, Version>;

/** What some release of Linux began to do. */
export type LinuxChange = keyof typeof SINCE;

/** Whether a kernel's release, stable updates aside, is at least that of a change. */
export function does({ major, minor }: LinuxKernel, change: LinuxChange): boolean {
  const [sinceMajor, sinceMinor] = SINCE[change];
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}

/** The release of a change as people write it: `6.6`. */
export const sinceWhen = (change: LinuxChange): string => SINCE[change].join('.');

/**
 * Whether a kernel takes ACPI NVS for reserved memory: from 6.1 on, and the stable releases of 5.10 and 5.15,
 * as distributions ship them.
 */
export const acceptsNvs = (kernel: LinuxKernel): boolean =>
  does(kernel, 'nvsReserved') ||
  (kernel.major === 5 && (kernel.minor === 10 || kernel.minor === 15));

/** Proxmox's first release whose kernels know `relax_rmrr`: 6.2.16-13, of September 2023. */
const RELAX_SINCE = [6, 2, 16, 13] as const;

/** Whether a release is one of Proxmox's that know `intel_iommu=relax_rmrr`; no other kernel does. */
export function knowsRelax(release: string): boolean {
  if (!/pve/i.test(release)) return false;
  const parts = /^(\d+)\.(\d+)(?:\.(\d+))?(?:-(\d+))?/.exec(release)?.slice(1) ?? [];
  for (const [i, since] of RELAX_SINCE.entries()) {
    // A release that does not go into such detail is taken for the series' last.
    const part = parts[i] === undefined ? Number.POSITIVE_INFINITY : Number(parts[i]);
    if (part !== since) return part > since;
  }
  return true;
}

/**
 * Reads a kernel's release: `6.8`, `5.15.0-91-generic`, `6.8.12-4-pve`.
 *
 * @param relaxesAll whether it is taken for one that was booted with `intel_iommu=relax_rmrr`
 * @returns null where the text begins with no version
 */
export function parseLinuxRelease(release: string, relaxesAll = false): LinuxKernel | null {
  requireText(release, 'release');
  const match = /^(\d{1,3})\.(\d{1,4})(?![\d])/.exec(release);
  if (match === null) return null;
  const [major = 0, minor = 0] = match.slice(1).map(Number);
  return { release, major, minor, proxmox: /pve/i.test(release), relaxesAll };
}

/** The newest release whose decisions are known: all changes are in it. */
export const NEWEST_LINUX: LinuxKernel = {
  release: '7.3',
  major: 7,
  minor: 3,
  proxmox: false,
  relaxesAll: false,
};

/** The values of an option on a kernel's command line, in its order; those behind commas are apart. */
const valuesOf = (cmdline: string, option: string): string[] =>
  cmdline
    .split(/\s+/)
    .filter((word) => word.startsWith(`${option}=`))
    .flatMap((word) => word.slice(option.length + 1).split(','));

/** Whether a kernel's command line asks for every RMRR to count as relaxable. */
export const asksToRelax = (cmdline: string): boolean =>
  valuesOf(cmdline, 'intel_iommu').includes('relax_rmrr');

/**
 * The option of a command line that switches remapping off, as it stands there; null where none does. Of several
 * `intel_iommu=` the last counts (drivers/iommu/intel/iommu.c, intel_iommu_setup); `iommu=off` is not taken back
 * (arch/x86/kernel/pci-dma.c, iommu_setup).
 */
export function offSwitch(cmdline: string): string | null {
  if (turnsAllOff(cmdline)) return 'iommu=off';
  const last = valuesOf(cmdline, 'intel_iommu').findLast((value) => /^(on|off)/.test(value));
  return last?.startsWith('off') ? 'intel_iommu=off' : null;
}

const turnsAllOff = (cmdline: string): boolean =>
  valuesOf(cmdline, 'iommu').some((value) => value.startsWith('off'));

/** The same on AMD machines (drivers/iommu/amd/init.c, parse_amd_iommu_options). */
export function amdOffSwitch(cmdline: string): string | null {
  if (turnsAllOff(cmdline)) return 'iommu=off';
  return valuesOf(cmdline, 'amd_iommu').includes('off') ? 'amd_iommu=off' : null;
}
