/** What sort of refusal a fault reason is. */
export type FaultKind =
  /** The page is not mapped for the device, or not for this sort of access: what a missing region looks like. */
  | 'unmapped'
  /** The unit holds no tables for the device: it was never set up, or asks under another address. */
  | 'unknown-device'
  /** An interrupt, not an access to memory. */
  | 'interrupt'
  /** The tables of the unit or the request itself are wrong. */
  | 'other';

/** Each run of reasons, first and last inclusive, and their sort (VT-d specification, "Fault Reason Encodings"). */
const KINDS: readonly (readonly [first: number, last: number, kind: FaultKind])[] = [
  [0x01, 0x02, 'unknown-device'],
  [0x05, 0x06, 'unmapped'],
  [0x20, 0x2f, 'interrupt'],
  [0x39, 0x39, 'unknown-device'],
  [0x41, 0x41, 'unknown-device'],
  [0x71, 0x71, 'unmapped'],
  [0x79, 0x79, 'unmapped'],
  [0x85, 0x86, 'unmapped'],
];

/**
 * What sort of refusal the hardware's reason for a blocked request is.
 *
 * @param reason the number that the unit gave; null where the log does not show it
 * @returns `unmapped` where the reason is not known, since nearly all faults are of that sort
 */
export const faultKind = (reason: number | null): FaultKind =>
  reason === null
    ? 'unmapped'
    : (KINDS.find(([first, last]) => first <= reason && reason <= last)?.[2] ?? 'other');
