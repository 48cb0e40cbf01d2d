import { EXIT, Failure } from '../base/failure.js';
import type { Host } from '../machine/host.js';
import { bootXen, type Xen } from '../xen/boot.js';
import { LONGEST_OPTION, parseCmdline } from '../xen/cmdline.js';
import { machineOf, UNKNOWN_MACHINE } from '../xen/machine.js';
import {
  findRelease,
  newestRelease,
  type Release,
  releaseNames,
  releaseOfHost,
} from '../xen/releases.js';

/** Options of the commands that ask the modelled hypervisor. */
export interface XenOptions {
  /** Release, `4.17` or `4.17.7` or `rfc-v7`. */
  xen?: string;
  /** false: the IOMMU is off. */
  iommu: boolean;
  xenCmdline?: string;
}

/** The hypervisor that the options describe, booted with a table. */
export interface BootedXen {
  xen: Xen;
  iommu: 'on' | 'off';
  /** What a person should know about the choice of the release. */
  notes: string[];
}

/**
 * Boots the hypervisor that the command line, or else the host, names.
 *
 * @param host null where nothing is known of the machine
 * @throws Failure for a release there is none of
 */
export function bootFromOptions(
  bytes: Uint8Array,
  host: Host | null,
  options: XenOptions,
): BootedXen {
  const { release, notes } = chooseRelease(options.xen, host);
  const text = options.xenCmdline ?? '';
  const cmdline = parseCmdline(text, release);
  if (!options.iommu) cmdline.iommu.enable = false;
  const machine = host === null ? UNKNOWN_MACHINE : machineOf(host, release);
  if (/(^| )rmrr=/.test(text) && release.rmrrOption === null) {
    notes.push(`Xen ${release.name} has no rmrr= option yet; it came with 4.9.`);
  }
  const long = text.split(' ').find((option) => option.length > LONGEST_OPTION);
  if (long !== undefined) {
    notes.push(
      `On its own command line Xen reads only ${LONGEST_OPTION} characters of an option, up to "…${long.slice(LONGEST_OPTION - 16, LONGEST_OPTION)}"; here all of it is read. A second rmrr= has room for more regions.`,
    );
  }
  return {
    xen: bootXen({ dmar: bytes }, machine, release, cmdline),
    iommu: cmdline.iommu.enable ? 'on' : 'off',
    notes,
  };
}

function chooseRelease(
  name: string | undefined,
  host: Host | null,
): { release: Release; notes: string[] } {
  if (name !== undefined) {
    const release = findRelease(name);
    if (release !== null) return { release, notes: [] };
    throw new Failure(
      'unknown-release',
      `There is no Xen ${name} here.`,
      `Known: ${releaseNames().join(', ')}, and every point release before those.`,
      EXIT.usage,
    );
  }
  if (host?.xen == null) return { release: newestRelease(), notes: [] };
  const running = releaseOfHost(host.xen);
  if (running === null) {
    const release = newestRelease();
    const note = `The host gives its Xen as "${host.xen}", which is no release; ${release.name} stands in.`;
    return { release, notes: [note] };
  }
  const { release, exact } = running;
  return {
    release,
    notes: exact
      ? []
      : [`The host runs Xen ${host.xen}, which is not known here; ${release.name} stands in.`],
  };
}
