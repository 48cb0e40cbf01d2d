import type { Severity } from '../../acpi/diagnostic.js';
import type { GuestOutcome, GuestRemedy } from '../../answers/guest.js';
import type { Approximation, FinalMap } from '../../answers/guest-boot.js';
import { formatAddress } from '../../base/address.js';
import { formatSbdf } from '../../base/sbdf.js';
import { E820_ROOM } from '../../toolstack/hvmloader/e820.js';
import { DYNAMIC_END } from '../../toolstack/hvmloader/memory-map.js';
import { hvmloaderOf } from '../../toolstack/hvmloader/releases.js';
import { leastVideoMemory } from '../../toolstack/libxl/build-info.js';
import {
  DEFAULT_MMIO_HOLE,
  E820_MAX,
  type GivenPolicy,
  type GuestRegion,
  HIGH_MEMORY_START,
  MIB,
} from '../../toolstack/libxl/layout.js';
import type { GuestNote, NoteCode, NoteValues } from '../../toolstack/notes.js';
import { iommuName } from '../../xen/rdm-map.js';
import { formatSize } from '../basics/text.js';

const mib = (bytes: bigint): string => `${bytes / MIB} MiB`;

/** Whether the guest can be created, and if not, why and what would help. */
export function explainVerdict(answer: GuestOutcome): string {
  const why = explainRefusal(answer);
  if (why !== null) return `The guest cannot be created: ${why}`;
  const dies = explainBoot(answer);
  return dies === null ? 'The guest can be created.' : `The guest can be created. ${dies}`;
}

function explainRefusal(answer: GuestOutcome): string | null {
  const { refusal, layout, info, type } = answer;
  switch (refusal) {
    case null:
      return null;
    case 'pod':
      return 'memory is less than maxmem, and libxl gives no PCI device to a guest whose memory is populated on demand. Set both to the same value.';
    case 'videoram': {
      const least = info === null ? '' : ` of at least ${mib(leastVideoMemory(info))}`;
      return `the graphics card needs video memory${least}. Raise videoram, or leave it out.`;
    }
    case 'no-passthrough':
      if (type === 'pvh') {
        return 'libxl gives no PCI device to a guest of type pvh. Leave pci out, or make it type = "hvm".';
      }
      return `${iommuName(answer.xen)} is off, so that no device can be given to it.`;
    case 'rdm-conflict': {
      const conflict = layout.regions.find(({ fate }) => fate === 'refused');
      const at = conflict === undefined ? '' : ` at ${formatAddress(conflict.start)}`;
      return `RDM conflict${at}. ${explainRemedies(answer)}`;
    }
    case 'too-many-entries':
      return `its memory map would have ${E820_MAX} entries or more, and libxl sets none so long.`;
    case 'no-low-memory':
      return `its RAM below 4 GiB ends at ${formatAddress(layout.lowmemEnd)}, and the firmware is loaded at 1 MiB. Raise rdm_mem_boundary to keep RAM where the region lies.`;
    case 'assign':
      return explainAttach(answer);
  }
}

function explainAttach(answer: GuestOutcome): string {
  const { assign, layout, config } = answer;
  if (assign === null) return 'a device cannot be attached.';
  const name = formatSbdf(assign.device);
  const region = `its reserved region at ${formatAddress(assign.rmrrBase)}`;
  const failure = `${name} cannot be attached (${assign.errno}), so xl destroys the guest again`;
  const given = config.pci.find(({ device }) => device === assign.device);
  switch (assign.errno) {
    case 'EPERM':
      return `${failure}: ${region} is shared with other devices, which Xen refuses under rdm_policy=strict${given?.rdmPolicy == null ? ', the default' : ''}. rdm_policy=relaxed on this device accepts that the devices can reach each other's memory there.`;
    case 'EBUSY': {
      const inRam = layout.lowmemEnd > (assign.at ?? 0n) || (assign.at ?? 0n) >= HIGH_MEMORY_START;
      const what = inRam ? 'the guest has RAM there' : 'the guest has a page of its own there';
      return `${failure}: ${region} has to be mapped one to one, but ${what}. ${explainRemedies(answer)}`;
    }
    case 'EADDRINUSE':
      return `${failure}: ${region} overlaps another region of the guest's devices, at ${formatAddress(assign.at ?? 0n)}. Leave out the device that the other region belongs to.`;
  }
}

/** Why a created guest does not boot; null where hvmloader does not stop it. */
function explainBoot({ final, xen }: GuestOutcome): string | null {
  if (final === null || final.result.boots) return null;
  const { stopsIn, entries } = final.result;
  if (stopsIn === 'build_e820_table') {
    return 'It dies as soon as it starts: hvmloader stops where less than 2 MiB of RAM are left below 4 GiB.';
  }
  const regions = entries.map(({ start }) => formatAddress(start)).join(', ');
  const { dynamicStart } = hvmloaderOf(xen.release.name);
  return `It dies as soon as it starts: hvmloader of ${xen.release.name} stops at a reserved region (${regions}) in the memory that it hands out itself, ${formatAddress(dynamicStart)} to ${formatAddress(DYNAMIC_END - 1n)}. libxl does not look at that. Only a guest that is not told of the region starts: leave out the device, or the strategy host.`;
}

/** What is not known to the byte of a final map, as a sentence; null where all is. */
export function explainApproximate({ approximate }: FinalMap): string | null {
  if (approximate.length === 0) return null;
  return `Approximate: ${approximate.map((what) => APPROXIMATIONS[what]).join('; ')}.`;
}

const APPROXIMATIONS: Readonly<Record<Approximation, string>> = {
  acpi: 'how many pages ACPI tables take (about 16 are shown)',
  bios: 'where SeaBIOS begins (that of 256 KiB is shown)',
  bars: 'the hole, since the BARs of passed-through devices are not known (--root names a machine that shows them)',
  slots: "which places the devices get on the guest's bus",
  'address-bits': 'how far physical addresses reach (39 bits are taken)',
};

/** What would let the guest be created. */
function explainRemedies({ remedies }: GuestOutcome): string {
  const relaxed =
    'The policy "relaxed" would create the guest without telling it of the region, which the device then cannot use safely.';
  return [...remedies.map(explainRemedy), relaxed].join(' ');
}

const explainRemedy = ({ setting, mib: value }: GuestRemedy): string =>
  setting === 'rdm_mem_boundary'
    ? `With rdm_mem_boundary=${value} libxl would move the RAM away.`
    : `With ${value} MiB of memory the guest's RAM would end below it.`;

/** What became of a region, and why. */
export function explainRegion(region: GuestRegion, { layout, config }: GuestOutcome): string {
  const { start, fate, policy } = region;
  const boundary = `the boundary of ${mib(config.rdmMemBoundary)}`;
  if (fate === 'exposed') {
    if (start >= HIGH_MEMORY_START) {
      return "It lies above 4 GiB and clear of the guest's RAM; were there RAM, libxl would not move it.";
    }
    return start <= config.rdmMemBoundary
      ? `No RAM covers this region. With more memory it would, and libxl does not relocate RAM at or below ${boundary}.`
      : 'No RAM covers this region.';
  }
  if (fate === 'ram-moved') {
    return `RAM would have covered this region: low RAM now ends at ${formatAddress(layout.lowmemEnd)} and the remainder moves above 4 GiB.`;
  }
  const isInRam = start < layout.lowmemEnd || start + region.size > HIGH_MEMORY_START;
  if (policy === null && !isInRam) {
    return 'No RAM lies here, but the guest is not told of it: its device has no rdm_policy, and libxl to 4.13 exposes no such region.';
  }
  const cause =
    start < layout.lowmemEnd
      ? `It lies in RAM at or below ${boundary}, where libxl moves none away`
      : 'It lies in RAM above 4 GiB, which libxl never moves';
  return fate === 'refused'
    ? `${cause}; under the policy "strict" it refuses to create the guest.`
    : `${cause}; ${policyName(policy)} the guest is not told of it, and the device's accesses go astray in that RAM.`;
}

const policyName = (policy: GivenPolicy): string =>
  policy === null ? 'without a policy' : `under the policy "${policy}"`;

type Sentences = {
  readonly [C in NoteCode]: (values: NoteValues[C], answer: GuestOutcome) => string;
};

const RDM_HOW = `Write rdm = "strategy=host,policy=strict" or "strategy=host,policy=relaxed", exactly so`;

const SENTENCES: Sentences = {
  'rdm-ignored-by-xl': explainIgnoredRdm,
  'rdm-undefined': ({ text, line, read, xl }, { config }) => {
    const what = read.strategy === 'host' ? 'policy' : 'strategy';
    const pci = config.pci.length > 0 ? ' Give each device an rdm_policy of its own.' : '';
    return `Line ${line} says rdm = "${text}". xl of ${xl} takes ${read.strategy === 'host' ? 'the strategy host' : 'it'}, but hands libxl a ${what} that it never set. What is shown holds unless that memory happens to mean ${what === 'policy' ? 'strict' : 'host'}.${pci}`;
  },
  'pci-not-a-list': ({ text, line }) =>
    `Line ${line} gives pci as the single string "${text}", which xl ignores: the guest gets no device. Write pci = [ "${text}" ].`,
  'pci-option-unknown': ({ text, line, option }) =>
    `${line === null ? '' : `Line ${line}: `}xl does not know the option "${option}" of "${text}"; from 4.15 on it refuses the guest for it.`,
  'pci-by-name': ({ name }) =>
    `The device "${name}" is given by its name. libxl asks for the regions of 0000:00:00.0 then, so that its own are not kept free, and whether it can be attached is not known here. Give its address.`,
  'pci-all-functions': ({ device }) =>
    `All functions of ${formatSbdf(device).slice(0, -2)} are given. libxl keeps only the regions of function 0 free; list each function that has a region.`,
  'video-memory-default': ({ vga, bytes }) =>
    bytes === 0n
      ? 'The guest has no graphics card, so no video memory is taken off its memory.'
      : `${mib(bytes)} of video memory are taken off the memory, the least that ${vga === 'std' ? 'stdvga' : vga} has; videoram= changes it.`,
  'populated-on-demand': () =>
    'memory is less than maxmem: libxl populates such a guest on demand, and gives it no PCI device.',
  'no-type': () =>
    'The file has no type, which makes it pv to xl; what is shown is where the memory of a guest of type hvm goes. Add type = "hvm", or say --type pv.',
  'pv-guest': ({ hasDevices }) =>
    `A guest of type pv has no addresses of its own that a region could be in the way of: libxl asks for no region, and rdm= and rdm_mem_boundary mean nothing. ${
      hasDevices
        ? "Since it has devices, xl sets e820_host=1: its map is made from the host's, so that a region is kept out of RAM as far as the host's firmware has it reserved."
        : "Without devices its map is RAM alone; with e820_host=1 it is made from the host's."
    }`,
  'pvh-guest': () =>
    'A guest of type pvh has no firmware and no device model: its kernel finds the map that libxl sets, RAM from 0 on and a hole of 64 MiB below 4 GiB. From 4.14 on libxl gives it no PCI device.',
  'no-passthrough': (_, { xen }) =>
    `${iommuName(xen)} is off, so that the hypervisor reports no region, and no device can be given to a guest.`,
  'no-rdm-asked': () =>
    'No device is assigned and the strategy is "ignore": libxl asks for no region and moves no RAM.',
  'device-without-region': ({ device }) =>
    `${formatSbdf(device)} is in no reserved region that the hypervisor reports: nothing is kept free for it.`,
  'device-policy-assumed': ({ device }) =>
    `${formatSbdf(device)} has no rdm_policy of its own, so libxl's default, strict, is taken. The xl command hands such a device the policy of rdm, relaxed: give it an rdm_policy to be certain.`,
  'device-policy-undecided': ({ device }) =>
    `${formatSbdf(device)} has no rdm_policy. libxl to 4.13 then moves RAM out of its region's way, but neither tells the guest of the region nor refuses a conflict; the attach is strict. Give it rdm_policy=strict.`,
  'mmio-hole-ignored': ({ mmioHole }) =>
    `An MMIO hole of ${mib(mmioHole)} is less than libxl's ${mib(DEFAULT_MMIO_HOLE)}, which it keeps; xl takes it for an error.`,
  'e820-overflows': ({ entries }) =>
    `The final E820 has ${entries} entries, and hvmloader gives SeaBIOS and OVMF room for ${E820_ROOM}: it writes past it, over what lies behind. Give the guest fewer devices with reserved regions.`,
  'high-ram-empty': () =>
    'libxl to 4.13 tells hvmloader of RAM above 4 GiB that has 0 bytes, since it looked at regions: the final map has an empty entry there, and should hvmloader run out of pages for its tables it stops, looking for one in that RAM.',
  'region-crosses-4gib': ({ start }) =>
    `The region at ${formatAddress(start)} crosses 4 GiB, where hvmloader does not see it: a BAR can land on it.`,
  'region-in-high-window': ({ start }) =>
    `The region at ${formatAddress(start)} lies in the window for BARs above 4 GiB, where hvmloader does not look for regions: a BAR can land on it.`,
  'bar-without-space': ({ devfn, bar, size }) =>
    `hvmloader finds no space for ${bar === 6 ? 'the ROM' : `BAR ${bar}`} of the guest's ${guestAddress(devfn)} (${formatSize(size)}): the device does not work there. A larger mmio_hole makes room.`,
};

/** `00:03.0` of a function on the guest's bus. */
export const guestAddress = (devfn: number): string =>
  `00:${(devfn >> 3).toString(16).padStart(2, '0')}.${devfn & 7}`;

/** What the file says, what xl makes of it, and how to get what was meant. */
function explainIgnoredRdm({
  text,
  line,
  meant,
  xl,
  grammar,
}: NoteValues['rdm-ignored-by-xl']): string {
  const dropped = `Line ${line} says rdm = "${text}". xl of ${xl} cannot read that and drops it without stopping, as if the line were not there`;
  if (meant === null) return `${dropped}. ${RDM_HOW}, or leave it out.`;
  if (meant.strategy === 'ignore' && meant.policy === null) {
    return `${dropped}; the strategy is ignore by default anyway.`;
  }
  if (grammar !== 'policy-inverted') return `${dropped}. ${RDM_HOW}.`;
  const { policy } = meant;
  const alone = 'rdm = "strategy=host" alone is read';
  return policy === null
    ? `${dropped}. ${alone}.`
    : `${dropped}: from 4.15 on it takes every policy for an error. The policy ${policy} cannot be had for the regions of the whole host; ${alone}, and each device takes its own: pci = [ "…,rdm_policy=${policy}" ].`;
}

/** A note as it is printed. */
export interface PrintedNote {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
}

/** A note with its sentences. */
export const explainNote = (note: GuestNote, answer: GuestOutcome): PrintedNote => ({
  code: note.code,
  severity: note.severity,
  // The values of a note are those of its code.
  message: (SENTENCES[note.code] as (values: GuestNote, answer: GuestOutcome) => string)(
    note,
    answer,
  ),
});
