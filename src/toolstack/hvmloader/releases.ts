import { type BehaviourChange, behaviourOf, parsePointRelease } from '../../base/point-release.js';

/** In what hvmloader differs between releases, as far as the guest's memory map depends on it. */
export interface Hvmloader {
  /**
   * First byte of what hvmloader hands out as it goes (config.h, RESERVED_MEMORY_DYNAMIC_START). From
   * 0xfc100000 on the pages below it hold ACPI tables and are shown to the guest as NVS.
   */
  readonly dynamicStart: 0xfc00_1000n | 0xfc10_0000n;
  /** Whether an entry for RAM above 4 GiB that libxl's map lacks is written but not counted. */
  readonly losesHighRam: boolean;
  /** Whether the reserved region to keep clear of is looked up for each BAR, or again only after a hit. */
  readonly looksUpRegion: 'after-a-hit' | 'each-bar';
  /** Whether a 64-bit BAR of more than 1 GiB goes above 4 GiB and leaves the hole's size alone. */
  readonly sendsLargeBarsUp: boolean;
}

/** tools/firmware/hvmloader as of 4.6.0. */
const OLDEST: Hvmloader = {
  dynamicStart: 0xfc00_1000n,
  losesHighRam: true,
  looksUpRegion: 'after-a-hit',
  sendsLargeBarsUp: false,
};

const CHANGES: readonly BehaviourChange<Hvmloader>[] = [
  { since: [[6, 3]], set: { losesHighRam: false } },
  {
    since: [
      [7, 4],
      [8, 3],
      [9, 1],
    ],
    set: { looksUpRegion: 'each-bar' },
  },
  {
    since: [
      [12, 4],
      [13, 2],
      [14, 1],
    ],
    set: { dynamicStart: 0xfc10_0000n },
  },
  {
    since: [
      [17, 4],
      [18, 1],
    ],
    set: { sendsLargeBarsUp: true },
  },
];

/** hvmloader of a release, named with its point: `4.17.7`. */
export const hvmloaderOf = (release: string): Hvmloader =>
  behaviourOf(OLDEST, CHANGES, parsePointRelease(release));
