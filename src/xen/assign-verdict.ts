import type { RmrrUnit } from './vtd/units.js';

/** What Xen does when the device is to be given to an HVM guest. */
export interface XenVerdict {
  /** `unknown` where the evidence does not show whether a region names the device. */
  readonly verdict: 'ok' | 'needs relaxed' | 'blocked' | 'unknown';
  readonly reason: 'no-region' | 'own-region' | 'shared-region' | 'no-iommu' | 'vtd-off';
  /** Whether it can be assigned under rdm_policy=strict and under rdm_policy=relaxed. */
  readonly strict: 'ok' | 'blocked';
  readonly relaxed: 'ok' | 'blocked';
  /** One sentence: why. */
  readonly message: string;
  /** The region that is shared, which the log names; null where none is. */
  readonly shared: RmrrUnit | null;
  /** What Xen's log says under either policy; null where it says nothing. */
  readonly log: { readonly strict: string; readonly relaxed: string } | null;
  /** One sentence: what to do about it; null where nothing needs doing. */
  readonly remedy: string | null;
}

/** A device that can be given to a guest under either policy. */
export const fine = (reason: XenVerdict['reason'], message: string): XenVerdict => ({
  verdict: 'ok',
  reason,
  strict: 'ok',
  relaxed: 'ok',
  message,
  shared: null,
  log: null,
  remedy: null,
});

/** A device that cannot be given to any guest. */
export const blocked = (
  reason: XenVerdict['reason'],
  message: string,
  remedy: string,
): XenVerdict => ({
  verdict: 'blocked',
  reason,
  strict: 'blocked',
  relaxed: 'blocked',
  message,
  shared: null,
  log: null,
  remedy,
});
