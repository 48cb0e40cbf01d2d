import { type BehaviourChange, behaviourOf, parsePointRelease } from '../../base/point-release.js';

/** In what libxl differs between releases, as far as a guest's memory layout depends on it. */
export interface Libxl {
  /** How many regions of the answer for one assigned device are taken. */
  readonly regionsPerDevice: 'first' | 'all';
  /**
   * The policy, while memory is laid out, of a device that nobody gave one. To 4.13 none is set before the
   * attach: such a region moves RAM, is no conflict and is never told to the guest.
   */
  readonly defaultDevicePolicy: 'strict' | null;
  /** Whether RAM ends at a multiple of 2 MiB below a region where the hardware pages it (hap). */
  readonly endsRamAtLargePage: boolean;
  /**
   * Whether RAM above 4 GiB is taken to be there, with 0 bytes, once regions were looked at: a region
   * that crosses 4 GiB is then a conflict, and hvmloader is told that high RAM ends at 4 GiB.
   */
  readonly emptyHighRam: boolean;
  /** Whether a guest of type pvh gets no device at all (libxl__arch_passthrough_mode_setdefault). */
  readonly refusesPvhDevices: boolean;
}

/** libxl_dm.c, libxl__domain_device_construct_rdm as of 4.6.0. */
const OLDEST: Libxl = {
  regionsPerDevice: 'first',
  defaultDevicePolicy: null,
  endsRamAtLargePage: false,
  emptyHighRam: true,
  refusesPvhDevices: false,
};

const CHANGES: readonly BehaviourChange<Libxl>[] = [
  {
    since: [[14, 0]],
    set: {
      regionsPerDevice: 'all',
      defaultDevicePolicy: 'strict',
      endsRamAtLargePage: true,
      emptyHighRam: false,
      refusesPvhDevices: true,
    },
  },
];

/** libxl of a release, named with its point: `4.17.7`. */
export const libxlOf = (release: string): Libxl =>
  behaviourOf(OLDEST, CHANGES, parsePointRelease(release));

/** libxl of the newest release. */
export const NEWEST_LIBXL: Libxl = behaviourOf(OLDEST, CHANGES, [Number.POSITIVE_INFINITY, 0]);
