import type { Severity } from '../acpi/diagnostic.js';
import { formatAddress } from '../base/address.js';
import { formatSbdf } from '../base/sbdf.js';
import {
  DEFAULT_MMIO_HOLE,
  E820_MAX,
  type GuestConfig,
  type GuestLayout,
  type GuestRegion,
  HIGH_MEMORY_START,
  LOW_MEMORY_START,
  layOutAround,
  MIB,
} from './libxl/layout.js';

/** Something worth knowing about a guest's layout. */
export interface Note {
  /** Stable kebab-case identifier that scripts may test. */
  code: string;
  severity: Severity;
  /** Sentences for a person. */
  message: string;
}

const mib = (bytes: bigint): string => `${bytes / MIB} MiB`;

/** Whether the guest can be created, and if not, why and what would help: sentences for a person. */
export function explainVerdict(layout: GuestLayout, config: GuestConfig): string {
  const { refusal, regions } = layout;
  const conflict = regions.find(({ fate }) => fate === 'refused');
  if (refusal === null) return 'The guest can be created.';
  if (refusal === 'no-passthrough') {
    return 'The guest cannot be created: VT-d is off, so that no device can be given to it.';
  }
  if (conflict === undefined) {
    return `The guest cannot be created: its memory map would have ${E820_MAX} entries or more, and libxl sets none so long.`;
  }
  return `The guest cannot be created: RDM conflict at ${formatAddress(conflict.start)}. ${wayOut(conflict, layout, config)}`;
}

const reachesLowRam = ({ start }: GuestRegion, { lowmemEnd }: GuestLayout) => start < lowmemEnd;

/** What would let the guest be created: tried out, since moving one region's RAM may put it in another's way. */
function wayOut(conflict: GuestRegion, layout: GuestLayout, config: GuestConfig): string {
  const relaxed =
    'The policy "relaxed" would create the guest without telling it of the region, which the device then cannot use safely.';
  const helps = (change: Partial<GuestConfig>): boolean =>
    layOutAround({ ...config, ...change }, layout.regions, []).refusal === null;
  const lowest = (starts: bigint[]) => starts.reduce((a, b) => (a < b ? a : b));
  const refused = layout.regions.filter(({ fate }) => fate === 'refused');
  if (reachesLowRam(conflict, layout)) {
    const inLowRam = refused.filter((region) => reachesLowRam(region, layout));
    const boundary = (lowest(inLowRam.map(({ start }) => start)) - 1n) / MIB;
    return conflict.start > LOW_MEMORY_START && helps({ rdmMemBoundary: boundary * MIB })
      ? `With rdm_mem_boundary=${boundary} libxl would move the RAM away. ${relaxed}`
      : relaxed;
  }
  const above = refused.filter(({ start }) => start > HIGH_MEMORY_START);
  if (above.length === 0) return relaxed;
  const excess = layout.highmemEnd - lowest(above.map(({ start }) => start));
  const memory = ((config.memory - excess) / MIB) * MIB;
  return helps({ memory })
    ? `With ${mib(memory)} of memory the guest's RAM would end below it. ${relaxed}`
    : relaxed;
}

/** What became of a region, and why: sentences for a person. */
export function explainRegion(
  region: GuestRegion,
  layout: GuestLayout,
  config: GuestConfig,
): string {
  const { start, fate } = region;
  const boundary = `the boundary of ${mib(config.rdmMemBoundary)}`;
  if (fate === 'exposed') {
    if (start >= HIGH_MEMORY_START) {
      return "It lies above 4 GiB and clear of the guest's RAM; were there RAM, libxl would not move it.";
    }
    return start <= config.rdmMemBoundary
      ? `No RAM was to lie here. With more memory some would, and libxl moves none away from a region at or below ${boundary}.`
      : 'No RAM was to lie here.';
  }
  if (fate === 'ram-moved') {
    return `RAM was to lie here: it now ends at ${formatAddress(layout.lowmemEnd)}, and the rest is above 4 GiB.`;
  }
  const cause = reachesLowRam(region, layout)
    ? `It lies in RAM at or below ${boundary}, where libxl moves none away`
    : 'It lies in RAM above 4 GiB, which libxl never moves';
  return fate === 'refused'
    ? `${cause}; under the policy "strict" it refuses to create the guest.`
    : `${cause}; under the policy "relaxed" the guest is not told of it, and the device's accesses go astray in that RAM.`;
}

/** What else a person should know of a layout. */
export function explainLayout(layout: GuestLayout, config: GuestConfig): Note[] {
  const notes: Note[] = [];
  const add = (severity: Severity, code: string, message: string) =>
    notes.push({ code, severity, message });

  if (config.pci.length === 0 && config.rdm.strategy === 'ignore') {
    add(
      'info',
      'no-rdm-asked',
      'No device is assigned and the strategy is "ignore": libxl asks for no region and moves no RAM.',
    );
  }
  for (const device of layout.withoutRegion) {
    add(
      'info',
      'device-without-region',
      `${formatSbdf(device)} is in no reserved region that the hypervisor reports: nothing is kept free for it.`,
    );
  }
  const refusing = new Set(
    layout.regions.filter(({ fate }) => fate === 'refused').map(({ devices }) => devices.at(-1)),
  );
  for (const { device, rdmPolicy } of config.pci) {
    if (refusing.has(device) && rdmPolicy === null && config.rdm.policy === 'relaxed') {
      add(
        'warning',
        'device-policy-assumed',
        `${formatSbdf(device)} has no rdm_policy of its own, so libxl's default, strict, is taken. The xl command hands such a device the policy of rdm, relaxed: give it an rdm_policy to be certain.`,
      );
    }
  }
  if (config.mmioHole < DEFAULT_MMIO_HOLE) {
    add(
      'warning',
      'mmio-hole-ignored',
      `An MMIO hole of ${mib(config.mmioHole)} is less than libxl's ${mib(DEFAULT_MMIO_HOLE)}, which it keeps; xl takes it for an error.`,
    );
  }
  if (layout.lowmemEnd <= LOW_MEMORY_START) {
    add(
      'warning',
      'no-low-memory',
      `RAM below 4 GiB ends at ${formatAddress(layout.lowmemEnd)}: no guest boots without RAM above its first MiB.`,
    );
  }
  return notes;
}
