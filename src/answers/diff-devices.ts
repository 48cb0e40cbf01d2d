import { formatSbdf } from '../base/sbdf.js';
import { answerDevices, type DeviceReport } from './devices.js';
import type { Evidence } from './evidence.js';
import type { XenOptions } from './hypervisor.js';

/** A device, and who blocks it. */
export interface BlockedDevice {
  readonly device: string;
  readonly by: 'linux' | 'xen';
}

/** What a change of tables means for devices that might be passed through. */
export interface DeviceChange {
  /** Blocked with the new table, and not with the old one. */
  readonly blocked: readonly BlockedDevice[];
  /** The other way round. */
  readonly unblocked: readonly BlockedDevice[];
}

/** Compares what becomes of the devices that regions of either table touch. */
export function compareDevices(old: Evidence, now: Evidence, options: XenOptions): DeviceChange {
  const [before, after] = [old, now].map((evidence) => blockedIn(evidence, options)) as [
    BlockedDevice[],
    BlockedDevice[],
  ];
  return { blocked: without(after, before), unblocked: without(before, after) };
}

const blockedIn = (evidence: Evidence, options: XenOptions): BlockedDevice[] =>
  answerDevices(evidence, options).reports.flatMap(blockersOf);

function blockersOf({ candidate, linux, xen }: DeviceReport): BlockedDevice[] {
  const device = formatSbdf(candidate.address);
  return [
    ...(linux.verdict === 'blocked' ? [{ device, by: 'linux' } as const] : []),
    ...(xen.verdict === 'blocked' ? [{ device, by: 'xen' } as const] : []),
  ];
}

function without(
  some: readonly BlockedDevice[],
  others: readonly BlockedDevice[],
): BlockedDevice[] {
  const keyOf = ({ device, by }: BlockedDevice) => `${device} ${by}`;
  const there = new Set(others.map(keyOf));
  return some.filter((one) => !there.has(keyOf(one)));
}
