import type { ExplainAnswer, Explanation, Memory } from '../../answers/explain.js';
import { formatRange, formatSize } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { formatSbdf } from '../../base/sbdf.js';
import type { FaultKind } from '../../linux/fault-reasons.js';
import type { ReservedRegion } from '../../regions/region.js';
import { listSome } from '../basics/text.js';

/** Devices of a region that a sentence names. */
const FEW = 6;

/** A region in a sentence: where it is, how large, whose. */
export function regionText({ base, limit, devices }: ReservedRegion): string {
  const whose =
    devices === null
      ? 'of a device that is not named'
      : devices.length === 0
        ? 'of no device'
        : `of ${listSome(devices.map(formatSbdf), FEW)}`;
  return `${formatRange(base, limit)} (${formatSize(limit - base + 1n)}) ${whose}`;
}

const MEMORY: Readonly<Record<Memory, string>> = {
  usable: 'The memory map calls it usable RAM.',
  reserved: 'The memory map reserves it.',
  elsewhere: 'The memory map has no RAM there, nor does it reserve it.',
  unknown: 'The memory map is not known; the first lines of the log show it.',
};

const KIND: Readonly<Record<FaultKind, string>> = {
  unmapped: 'The page is not mapped for the device.',
  'unknown-device':
    'The unit has no tables for this address: the device was never set up, or asks under an address that is not its own.',
  interrupt: 'This is an interrupt, not an access to memory: no region has to do with it.',
  other: 'The tables of the unit or the request itself are wrong: no region has to do with it.',
};

/** What the line means on this machine, in sentences beyond {@link Explanation}'s own meaning. */
function findingSentences({ finding, sighting, regions }: Explanation): string[] {
  const device = sighting.device === null ? 'the device' : formatSbdf(sighting.device);
  const address = sighting.address === null ? 'The address' : hex(sighting.address);
  switch (finding.code) {
    case 'general':
      return sighting.base === null || regions.length > 0
        ? []
        : [`The region at ${hex(sighting.base)} is not described by anything else here.`];
    case 'refused':
      return sighting.line.code === 'refused-rmrr'
        ? []
        : [
            'The device named may be another member of the group than the one asked for; /sys/kernel/iommu_groups/*/reserved_regions shows which group has a region of type direct.',
          ];
    case 'region-against-map':
      return {
        usable: [
          'The memory map calls it usable RAM: the device writes into memory that the kernel gives away. Xen 4.19 and later give up the whole table for it (-EIO, VT-d off); earlier releases only log it.',
        ],
        reserved: ['The memory map keeps RAM out of it, so it does no harm.'],
        elsewhere: [
          'The memory map has no RAM there, so it does no harm. Xen 4.19 and later reserve it themselves.',
        ],
        unknown: [
          'If the memory map calls it anything but usable RAM, it does no harm. If it is usable RAM, Xen 4.19 and later give up the whole table (VT-d off); earlier releases only log it.',
        ],
      }[finding.memory];
    case 'fault-in-own-region':
      return [
        KIND[finding.kind],
        `${address} is in a region that names ${device}, and the map for it is missing all the same: the kernel did not make it, or took it away when the device was handed over.`,
      ];
    case 'fault-in-foreign-region':
      return [
        KIND[finding.kind],
        `${address} is in a region, but that region does not name ${device}.`,
      ];
    case 'fault-outside-regions': {
      const { siblings, named } = finding;
      const others =
        siblings.length === 0
          ? ''
          : ` (${listSome(siblings.map(formatSbdf), FEW)} ${siblings.length === 1 ? 'is' : 'are'})`;
      return [
        KIND[finding.kind],
        `${address} is in none of the regions.`,
        named ? '' : `${device} is in no region's scope${others}.`,
        MEMORY[finding.memory],
        finding.memory === 'usable'
          ? 'So the driver or the device is at fault.'
          : 'If the firmware uses that memory with the device, a region is missing from the table.',
      ].filter((sentence) => sentence !== '');
    }
    case 'fault-without-regions':
      return [
        KIND[finding.kind],
        MEMORY[finding.memory],
        'No region of this machine is known; give the table or the whole log as well.',
      ];
    case 'fault-of-another-kind':
      return [KIND[finding.kind]];
  }
}

/** What a line means, in general and here. */
export const meaningOf = (explanation: Explanation): string =>
  [explanation.sighting.line.meaning, ...findingSentences(explanation)].join(' ');

/** Releases in a sentence: `4.2–` is 4.2 and later. */
export const releasesText = (releases: string): string =>
  releases
    .replace(/^–(.+)$/, 'up to $1')
    .replace(/^(.+)–$/, '$1 and later')
    .replace(/^all$/, '');

/** What the lines alone do not say, and what to run to learn it; empty where nothing is missing. */
export function askFor({ background, explanations }: ExplainAnswer): string[] {
  const { announced, regions } = background;
  if (regions.length > 0) return [];
  const table =
    announced === null
      ? []
      : [
          `The firmware has a table ${announced.signature} of ${announced.length} bytes; nothing here shows what is in it, nor whether remapping is on.`,
        ];
  const missing = table.length > 0 || explanations.some(({ problem }) => problem !== null);
  return missing
    ? [
        ...table,
        'No region of the machine is known from this. On the machine itself, as root: dmar devices shows which device has which region; dmesg | dmar explain - explains the whole log; dmar capture packs what is needed to ask elsewhere.',
      ]
    : [];
}
