import { askRdmMap } from '../xen/rdm-map.js';
import { laterReleases } from '../xen/releases.js';
import type { Evidence } from './evidence.js';
import { bootHypervisor, type XenOptions } from './hypervisor.js';

/** What lets Xen boot, or use the IOMMU, on a machine where it does not; tried out. */
export interface WaysOut {
  /** Releases that do: of each minor release the first, the last one for all that follow. */
  readonly releases: readonly string[];
  /** Words for Xen's command line, each of which alone lets this release boot, even if without an IOMMU. */
  readonly options: readonly string[];
}

/** What may be added to Xen's command line, the least first. */
const OPTIONS = ['x2apic=off', 'iommu=off', 'iommu=off,no-intremap'] as const;

/**
 * Tries later releases and options on a machine with an IVRS table that Xen stops on, or refuses.
 *
 * @returns null where Xen boots with the IOMMU as it was told
 */
export function waysOut(evidence: Evidence, options: XenOptions): WaysOut | null {
  const { xen } = bootHypervisor(evidence, options);
  const stops = (tried: XenOptions) =>
    askRdmMap(bootHypervisor(evidence, tried).xen, { abi: 'native', nr_entries: 0 }).stop !== null;
  const stopped = stops(options);
  if (!stopped && xen.failure === null) return null;
  const releases: string[] = [];
  let minor = '';
  for (const { name } of laterReleases(xen.release)) {
    if (name.startsWith(minor) && minor !== '') continue;
    const tried = { ...options, xen: name };
    if (stops(tried) || !bootHypervisor(evidence, tried).xen.iommu_enabled) continue;
    releases.push(name);
    if (name.endsWith('.0')) break;
    minor = name.slice(0, name.lastIndexOf('.') + 1);
  }
  const boots = (option: string) =>
    !stops({ ...options, xenCmdline: `${options.xenCmdline ?? ''} ${option}`.trim() });
  const working = stopped ? OPTIONS.filter(boots) : [];
  return {
    releases,
    options: working.filter((option) => option !== OPTIONS[2] || working.length === 1),
  };
}
