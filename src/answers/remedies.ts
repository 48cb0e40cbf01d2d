import { formatSbdf, type Sbdf } from '../base/sbdf.js';

/** What stands in the way of a device, a guest or a whole machine. */
export type Problem =
  /** Linux refuses a device, or its group, for a reserved region that it believes in use (Intel). */
  | 'binding-region'
  /** Linux refuses a device, or its group, for an IVMD region (AMD). */
  | 'unity-region'
  /** Xen refuses a device whose region other devices have too, under the policy strict. */
  | 'shared-region'
  /** Guest RAM meets a reserved region. */
  | 'guest-collides'
  /** The hypervisor or kernel gave the whole table up. */
  | 'table-refused'
  /** No IOMMU is in use. */
  | 'no-iommu'
  /** Interrupts are not remapped, so VFIO refuses. */
  | 'no-interrupt-remapping'
  /** Another member of the IOMMU group is in use by the host. */
  | 'group-not-viable'
  /** A device reads or writes memory that the firmware uses with it and no table names. */
  | 'missing-region'
  /** A device reads or writes where it has no business, and no region explains it. */
  | 'stray-access'
  /** A device's interrupts are refused, not its memory. */
  | 'interrupt-fault'
  /** A region lies in memory that the memory map calls usable. */
  | 'region-in-ram'
  /** An option on the kernel's command line is not known to it. */
  | 'unknown-option';

/** What is known of the case that advice is asked for; null where it is not known. */
export interface Situation {
  readonly device: Sbdf | null;
  /** The region in question: first and last byte, inclusive. */
  readonly region: { readonly base: bigint; readonly limit: bigint } | null;
  /** Maker and model as the firmware's DMI tables give them, `HPE ProLiant DL380 Gen9`. */
  readonly machine: string | null;
  /** Release of Linux, as `uname -r` prints it. */
  readonly linux: string | null;
  /** Release of Xen. */
  readonly xen: string | null;
}

/** One way to deal with a problem. */
export interface Remedy {
  /** Stable kebab-case identifier. */
  readonly code: string;
  /** What to do, in whole sentences. */
  readonly text: string;
  /** A command or setting to copy; null where there is none. */
  readonly command: string | null;
  /** What may go wrong; null where nothing is known to. */
  readonly risk: string | null;
}

/** How a remedy is declared: the problems it serves, where it applies, and its words. */
interface Advice {
  readonly code: string;
  readonly problems: readonly Problem[];
  /** Whether it suits the case; left out: always. */
  readonly applies?: (situation: Situation) => boolean;
  readonly text: string | ((situation: Situation) => string);
  readonly command?: string | ((situation: Situation) => string | null);
  readonly risk?: string;
}

const onMachine =
  (...patterns: readonly RegExp[]) =>
  ({ machine }: Situation): boolean =>
    machine !== null && patterns.every((pattern) => pattern.test(machine));

const HPE = /\bHPE?\b|Hewlett|ProLiant/i;
const isHpe = onMachine(HPE);
const isMicroServerGen8 = onMachine(/MicroServer Gen8/i);
const isGen8 = onMachine(/ProLiant/i, /\b(Gen8|G7)\b/i);
const isGen9OrLater = onMachine(/ProLiant/i, /\bGen(9|1\d)\b/i);
const isSilent = onMachine(/Dell|Supermicro|Fujitsu|Cisco|Intel/i);
const isAm5Board = onMachine(/\b(B650|X870|X670|B850|A620)/i);

const onXen = ({ xen }: Situation): boolean => xen !== null;
const onLinux = ({ xen }: Situation): boolean => xen === null;

/** Major, minor, patch and Proxmox's own number of a release such as `6.2.16-13-pve`. */
function proxmoxRelease(release: string | null): readonly number[] | null {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-(\d+))?-pve/.exec(release ?? '');
  return match === null ? null : match.slice(1).map((digits) => Number(digits ?? 0));
}

/** The first of Proxmox's kernels that knows `intel_iommu=relax_rmrr` (pve-kernel changelog, 2023-09-18). */
const FIRST_RELAXING = [6, 2, 16, 13] as const;

function isProxmoxThatRelaxes({ linux }: Situation): boolean {
  const release = proxmoxRelease(linux);
  if (release === null) return false;
  const at = FIRST_RELAXING.findIndex((part, i) => part !== release[i]);
  return at < 0 || (release[at] as number) > (FIRST_RELAXING[at] as number);
}

const isOldProxmox = (situation: Situation): boolean =>
  proxmoxRelease(situation.linux) !== null && !isProxmoxThatRelaxes(situation);

const bdf = ({ device }: Situation): string => (device === null ? 'BB:DD.F' : formatSbdf(device));

/** A page frame in hex, as Xen's options take it. */
const frame = (address: bigint): string => `0x${(address >> 12n).toString(16)}`;

/** `rmrr=` and `ivmd=` take page frames, both inclusive, then the device. */
const regionOption =
  (option: 'rmrr' | 'ivmd') =>
  ({ region, device }: Situation): string | null => {
    if (region === null || device === null) return null;
    const { segment, bus, device: slot, func } = device;
    const range = [frame(region.base), frame(region.limit)];
    const frames = range[0] === range[1] ? range[0] : range.join('-');
    const hex = (value: number) => value.toString(16);
    return `${option}=${frames}=${hex(segment)}:${hex(bus)}:${hex(slot)}.${func}`;
  };

const SHARED_MEMORY_RISK =
  'The management processor (iLO) no longer sees health, temperature and inventory of that card.';
const RELAXED_RISK =
  'If the firmware goes on using the region, it and the guest write over each other: instability or data loss. Do not use it for a network card shared with the management controller, nor for a storage controller whose host driver is loaded.';

/**
 * All advice, in the order in which it is given: what the vendor offers, another slot or device, accepting a
 * risk, replacing the table.
 */
const ADVICE: readonly Advice[] = [
  {
    code: 'hpe-conrep',
    problems: ['binding-region', 'shared-region'],
    applies: (situation) => isGen8(situation) && !isMicroServerGen8(situation),
    text: "Take the slot out of the shared regions with HPE's conrep and the schema conrep_rmrds.xml: set RMRDS_Slot<n> to Endpoints_Excluded, n being the physical slot that lspci -vvv shows, then reboot. Embedded modules have no slot number and cannot be excluded.",
    command: 'conrep -l -x conrep_rmrds.xml -f exclude.dat',
    risk: SHARED_MEMORY_RISK,
  },
  {
    code: 'hpe-microserver-gen8',
    problems: ['binding-region', 'shared-region'],
    applies: isMicroServerGen8,
    text: "HPE's conrep switch for shared regions (RMRDS) is reported to have no effect on the MicroServer Gen8; the ways below are left.",
  },
  {
    code: 'hpe-shared-memory',
    problems: ['binding-region', 'shared-region'],
    applies: isGen9OrLater,
    text: 'In System Utilities, BIOS/Platform Configuration, open the page of the adapter and set "HPE Shared Memory Features" to Disabled. Only some HPE network cards have that setting.',
    risk: SHARED_MEMORY_RISK,
  },
  {
    code: 'hpe-other',
    problems: ['binding-region', 'shared-region'],
    applies: (situation) =>
      isHpe(situation) &&
      !isGen8(situation) &&
      !isGen9OrLater(situation) &&
      !isMicroServerGen8(situation),
    text: 'HPE machines share regions between cards and the management processor. Gen8: exclude the slot with conrep (RMRDS_Slot<n>); Gen9 and later: "HPE Shared Memory Features" in the System Utilities.',
    risk: SHARED_MEMORY_RISK,
  },
  {
    code: 'am5-preboot-dma',
    problems: ['unity-region'],
    applies: (situation) => situation.machine === null || isAm5Board(situation),
    text: "In the firmware's settings set IOMMU to Enabled (not Auto) and Pre-boot DMA Protection to off: with it on, some AM5 boards list every device in IVMD blocks.",
  },
  {
    code: 'firmware-setting',
    problems: ['binding-region', 'shared-region', 'unity-region', 'guest-collides'],
    applies: (situation) => situation.machine === null || isSilent(situation) || isHpe(situation),
    text: 'Look for a firmware update, and for a setting that shares the device with the management controller or keeps USB legacy support on.',
  },
  {
    code: 'enable-vt-d',
    problems: ['no-iommu'],
    text: "Switch VT-d (AMD: IOMMU, SVM) on in the firmware's settings, and x2APIC, which can hide it; then update the firmware if it stays off.",
  },
  {
    code: 'kernel-option',
    problems: ['no-iommu'],
    applies: onLinux,
    text: 'Many kernels leave the Intel IOMMU off unless told otherwise.',
    command: 'intel_iommu=on',
  },
  {
    code: 'enable-interrupt-remapping',
    problems: ['no-interrupt-remapping', 'interrupt-fault'],
    text: "Switch VT-d, interrupt remapping and x2APIC on in the firmware's settings, or update the firmware.",
  },
  {
    code: 'firmware-update',
    problems: ['table-refused', 'region-in-ram', 'no-interrupt-remapping'],
    text: 'Update the firmware; failing that, report the structure named above to the vendor.',
  },
  {
    code: 'check-table',
    problems: ['table-refused'],
    text: 'Find the structure that is at fault.',
    command: 'dmar check',
  },
  {
    code: 'bind-group',
    problems: ['group-not-viable'],
    text: 'Bind every other member of the IOMMU group to vfio-pci, or unbind it from its driver; bridges stay.',
    command: (situation) => `dmar devices ${bdf(situation)}`,
  },
  {
    code: 'other-slot',
    problems: ['binding-region', 'unity-region', 'group-not-viable'],
    text: 'Try the card in another slot, or another device: regions and groups go by slot.',
  },
  {
    code: 'virtual-function',
    problems: ['binding-region'],
    applies: onLinux,
    text: 'If the device has virtual functions (SR-IOV), pass one of those: each is judged by its own address, which no region names.',
  },
  {
    code: 'guest-rdm-host',
    problems: ['guest-collides'],
    applies: onXen,
    text: "Lay the guest out around the host's regions, or give it less memory; dmar guest shows the outcome.",
    command: 'rdm = "strategy=host,policy=strict"',
  },
  {
    code: 'guest-less-memory',
    problems: ['guest-collides'],
    applies: onLinux,
    text: 'Give the guest less memory, or use a newer QEMU, which leaves holes for such regions.',
  },
  {
    code: 'same-guest',
    problems: ['shared-region'],
    applies: onXen,
    text: 'Give all devices of the region to the same guest.',
  },
  {
    code: 'xen-rdm-relaxed',
    problems: ['shared-region'],
    applies: onXen,
    text: "Accept the risk in the guest's configuration.",
    command: (situation) => `pci = [ '${bdf(situation)},rdm_policy=relaxed' ]`,
    risk: 'Whoever has the other devices of the region can disturb this guest through it, and it them.',
  },
  {
    code: 'proxmox-relax-rmrr',
    problems: ['binding-region'],
    applies: isProxmoxThatRelaxes,
    text: 'Boot this Proxmox kernel with the option that makes every region relaxable; dmesg | grep relaxable shows that it took.',
    command: 'intel_iommu=on,relax_rmrr',
    risk: RELAXED_RISK,
  },
  {
    code: 'proxmox-newer-kernel',
    problems: ['binding-region'],
    applies: isOldProxmox,
    text: 'Proxmox kernels from 6.2.16-13-pve on know intel_iommu=relax_rmrr, which makes every region relaxable; this one does not.',
    command: 'intel_iommu=on,relax_rmrr',
    risk: RELAXED_RISK,
  },
  {
    code: 'table-override',
    problems: ['binding-region', 'shared-region', 'unity-region'],
    text: 'Have a table loaded that does not name the device: dmar override makes one and says first what that means; --loader tells how to load it and how to go back.',
    command: (situation) =>
      `dmar override --drop-device ${bdf(situation)} --yes ${
        onXen(situation) ? '-o DMAR.aml --grub grub.cfg' : '--initrd acpi_override.cpio'
      }`,
    risk: RELAXED_RISK,
  },
  {
    code: 'proxmox-or-patched',
    problems: ['binding-region'],
    applies: (situation) => onLinux(situation) && proxmoxRelease(situation.linux) === null,
    text: 'The mainline kernel has no option to relax this. Proxmox kernels from 6.2.16-13-pve on have intel_iommu=relax_rmrr; for others there is the patch relax-intel-rmrr.',
    risk: RELAXED_RISK,
  },
  {
    code: 'no-relax-on-amd',
    problems: ['unity-region'],
    applies: onLinux,
    text: 'Linux has no option that relaxes these regions on AMD machines; kernels before 6.6 attach such devices.',
  },
  {
    code: 'workaround-bios-bug',
    problems: ['table-refused'],
    applies: ({ xen }) => /^4\.([0-9]|10|11)(\.|$)/.test(xen ?? ''),
    text: 'Xen up to 4.11 can go on with units whose devices are absent.',
    command: 'iommu=workaround_bios_bug',
  },
  {
    code: 'xen-rmrr-option',
    problems: ['missing-region'],
    applies: onXen,
    text: 'Name the region to Xen (4.9 and later; page frames, at most 16 a range; quote ; in GRUB).',
    command: regionOption('rmrr'),
  },
  {
    code: 'linux-identity',
    problems: ['missing-region'],
    applies: onLinux,
    text: "Let the host's devices reach memory as it is; for the graphics device alone intel_iommu=igfx_off does. Report the missing region to the vendor.",
    command: 'iommu=pt',
    risk: 'The host is then not protected from its own devices.',
  },
  {
    code: 'driver-update',
    problems: ['stray-access'],
    text: "Update the device's driver and firmware: no table can help against an access that it should not make.",
  },
  {
    code: 'drop-option',
    problems: ['unknown-option'],
    text: 'Take the option out: this kernel ignores it.',
  },
];

const textOf = <T>(value: T | ((situation: Situation) => T), situation: Situation): T =>
  typeof value === 'function' ? (value as (situation: Situation) => T)(situation) : value;

/**
 * What can be done about a problem, the way that is tried first in front.
 *
 * @param problem what stands in the way
 * @param situation the machine and device it concerns; advice for other machines is left out
 */
export const remediesFor = (problem: Problem, situation: Situation): Remedy[] =>
  ADVICE.filter(
    ({ problems, applies }) => problems.includes(problem) && (applies?.(situation) ?? true),
  ).map(({ code, text, command, risk }) => ({
    code,
    text: textOf(text, situation),
    command: command === undefined ? null : textOf(command, situation),
    risk: risk ?? null,
  }));
