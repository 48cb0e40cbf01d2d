import { releaseRanges, requireReleases } from '../xen/releases.js';
import type { XenOptions } from './hypervisor.js';

/** Every release that the model knows. */
export const EVERY_RELEASE = '4.6..';

/**
 * What a person wants to know first of many tables: counts, and nothing of a single table, so that it does not
 * grow with their number. Plain data, so that a thread can send it.
 */
export interface ScanSummary {
  tables: number;
  /** Tables of which the machine is known as well. */
  hosts: number;
  /** Tables of which a part is missing, so that it is not told whether Xen refuses them. */
  partial: number;
  /** By what {@link Model} says. */
  readonly models: Map<string, Model>;
  /** How many tables are refused by just these releases, as `--xen` takes them. */
  readonly refused: Map<string, number>;
  /** By PCI address: how many tables have a region for it that Linux does not relax. */
  readonly devices: Map<string, BoundDevice>;
  /** By the code of the failure. */
  readonly unreadable: Map<string, Unreadable>;
}

/** A model of machine, and how many tables are of it. */
export interface Model {
  /** Maker and model; of a table alone its OEM ID and OEM table ID; null where neither is known. */
  readonly name: string | null;
  readonly from: 'dmi' | 'table' | null;
  tables: number;
}

/** In how many tables a device's region binds it, and in how many that is not known for want of its class. */
export interface BoundDevice {
  binding: number;
  unknown: number;
}

/** How many paths could not be read for the same reason, and the first of them. */
export interface Unreadable {
  readonly first: string;
  paths: number;
}

/** A summary of nothing. */
export const emptySummary = (): ScanSummary => ({
  tables: 0,
  hosts: 0,
  partial: 0,
  models: new Map(),
  refused: new Map(),
  devices: new Map(),
  unreadable: new Map(),
});

/** The releases that a summary asks, as `--xen` takes them. */
export const releasesAsked = ({ xen = EVERY_RELEASE }: XenOptions): string =>
  releaseRanges(requireReleases(xen).map(({ name }) => name));

/** What a summary says of a path that could not be read. */
export function summariseUnread(path: string, code: string): ScanSummary {
  const summary = emptySummary();
  summary.unreadable.set(code, { first: path, paths: 1 });
  return summary;
}

/** Adds a summary of what comes after to one. */
export function addSummary(total: ScanSummary, more: ScanSummary): void {
  total.tables += more.tables;
  total.hosts += more.hosts;
  total.partial += more.partial;
  for (const [releases, tables] of more.refused) {
    total.refused.set(releases, (total.refused.get(releases) ?? 0) + tables);
  }
  addAll(total.models, more.models, (known, { tables }) => {
    known.tables += tables;
  });
  addAll(total.devices, more.devices, (known, { binding, unknown }) => {
    known.binding += binding;
    known.unknown += unknown;
  });
  addAll(total.unreadable, more.unreadable, (known, { paths }) => {
    known.paths += paths;
  });
}

function addAll<T>(total: Map<string, T>, more: Map<string, T>, add: (known: T, one: T) => void) {
  for (const [key, one] of more) {
    const known = total.get(key);
    if (known === undefined) total.set(key, one);
    else add(known, one);
  }
}
