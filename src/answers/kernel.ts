import type { Shape } from '../base/arguments.js';
import { EXIT, Failure } from '../base/failure.js';
import { asksToRelax, knowsRelax, type LinuxKernel, parseLinuxRelease } from '../linux/kernel.js';
import type { Host } from '../machine/host.js';

/** Options of the questions that a Linux kernel judges. */
export interface LinuxOptions {
  /** Release of the kernel that judges; left out: the host's, else one of today. */
  readonly linux?: string | undefined;
  /** As if booted with intel_iommu=relax_rmrr. */
  readonly relaxRmrr?: boolean | undefined;
}

/** What they must be. */
export const LINUX_OPTIONS: Shape<LinuxOptions> = { linux: 'text?', relaxRmrr: 'flag?' };

/** The kernel that judges. */
export interface ChosenKernel {
  readonly kernel: LinuxKernel;
  /** The kernel that the host runs, which made its lists; null where it is not known. */
  readonly running: LinuxKernel | null;
  /** What a person should know about the choice. */
  readonly notes: readonly string[];
}

/** The kernel assumed where none is known: the first with the rules of today's. */
const TODAY = '6.6';

/**
 * The kernel that the options, or else the host, name.
 *
 * @throws Failure `unknown-release` for a text that is no release
 */
export function chooseKernel(host: Host | null, { linux, relaxRmrr }: LinuxOptions): ChosenKernel {
  const relaxed = asksToRelax(host?.linuxCmdline ?? '');
  const release = host?.linux ?? null;
  const known = release === null ? null : parseLinuxRelease(release);
  // Other kernels do not know the option, and say so in their log.
  const running = known && { ...known, relaxesAll: relaxed && knowsRelax(known.release) };
  if (linux !== undefined) {
    const kernel = parseLinuxRelease(linux);
    if (kernel !== null) return { ...relax(kernel, relaxRmrr), running };
    throw new Failure(
      'unknown-release',
      `"${linux}" is no release of Linux.`,
      'One looks like 6.8.',
      EXIT.usage,
    );
  }
  const chosen = running ?? (parseLinuxRelease(TODAY) as LinuxKernel);
  const { kernel, notes } = relax(chosen, relaxRmrr);
  if (running === null) {
    notes.push(`The kernel version is unknown; assuming ${TODAY} or later (set it with --linux).`);
  }
  return { kernel, running, notes };
}

/** A kernel as if it had been booted with relax_rmrr or not, and a note where no kernel of its kind knows that. */
function relax(
  kernel: LinuxKernel,
  wanted: boolean | undefined,
): { kernel: LinuxKernel; notes: string[] } {
  if (wanted === undefined) return { kernel, notes: [] };
  const { release } = kernel;
  const unknown = wanted && !/^[\d.]+$/.test(release) && !knowsRelax(release);
  return {
    kernel: { ...kernel, relaxesAll: wanted },
    notes: unknown
      ? [`Linux ${release} is not known to have intel_iommu=relax_rmrr; judged as if it had.`]
      : [],
  };
}
