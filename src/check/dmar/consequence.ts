import type { Complaint, OffReason } from '../../linux/dmar.js';
import type { Consequence } from '../rule.js';
import type { FwtsComplaint } from './fwts.js';
import type { Subject } from './subject.js';

/**
 * What fwts' dmar test says, for tables of which it does say it: it stops at its first complaint, and looks at no
 * device scope of a unit with INCLUDE_PCI_ALL.
 */
export const fwtsSays = (
  complaint: FwtsComplaint,
  effect = `the dmar test fails with ${complaint}`,
): Consequence<Subject> => ({
  who: 'fwts',
  effect,
  holds: ({ fwts }) => fwts === complaint,
});

/** A line that Linux logs about a table, and what else comes of it; for tables of which it does log it. */
export const linuxLogs = (
  complaint: Complaint,
  effect: string,
  releases: Pick<Consequence<Subject>, 'since' | 'until'> = {},
): Consequence<Subject> => ({
  who: 'Linux',
  ...releases,
  effect,
  holds: ({ linux }) => linux.table.complaints.has(complaint),
});

/** What happens where Linux gives the remapping hardware up for a reason, or where it does not for that one. */
export const linuxStops = (reason: OffReason, effect: string): Consequence<Subject> => ({
  who: 'Linux',
  effect,
  holds: ({ linux }) => linux.failure?.reason === reason,
});

/** What happens where Linux does not give up for a reason. */
export const linuxGoesOn = (reason: OffReason, effect: string): Consequence<Subject> => ({
  who: 'Linux',
  effect,
  holds: ({ linux }) => linux.failure?.reason !== reason,
});
