import { type BehaviourChange, behaviourOf, parsePointRelease } from '../../base/point-release.js';

/** In what xl differs between releases, as far as it reads settings of a guest's memory and devices. */
export interface Xl {
  /**
   * What `rdm=` may be. `strategy-then-policy`: both, in this order. `any-order`: either, in any order.
   * `policy-inverted`: the same, but a policy that is one is taken for an error, and one that is none is
   * passed over, since what a function returns is tested the wrong way round (commit bdc0799fe2).
   */
  readonly rdm: 'strategy-then-policy' | 'any-order' | 'policy-inverted';
  /** Whether a device may be given as `bdf=` or by the `name=` it was made assignable under. */
  readonly pciKeys: boolean;
}

const OLDEST: Xl = { rdm: 'strategy-then-policy', pciKeys: false };

const CHANGES: readonly BehaviourChange<Xl>[] = [
  { since: [[14, 0]], set: { rdm: 'any-order' } },
  { since: [[15, 0]], set: { rdm: 'policy-inverted', pciKeys: true } },
];

/** xl of a release, named with its point: `4.17.7`. */
export const xlOf = (release: string): Xl =>
  behaviourOf(OLDEST, CHANGES, parsePointRelease(release));

/** xl of the newest release. */
export const NEWEST_XL: Xl = behaviourOf(OLDEST, CHANGES, [Number.POSITIVE_INFINITY, 0]);
