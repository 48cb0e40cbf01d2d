import type { CheckResult, Finding } from '../check/check.js';
import type { Consequence, Rule } from '../check/rule.js';
import type { LinuxKernel } from '../linux/kernel.js';
import type { Release } from '../xen/releases.js';

/** Whose trouble a check is about; null: nobody's of that name in particular. */
export interface Concern {
  readonly xen: readonly Release[] | null;
  readonly linux: LinuxKernel | null;
}

/** A release as numbers: `4.17.7`; what has none came before all that have. */
const numbersOf = (release: string): number[] =>
  (/^\d+(\.\d+)*/.exec(release)?.[0] ?? '0').split('.').map(Number);

/** Whether a release is in a range, whose ends count with all their point releases. */
function isWithin(release: string, { since, until }: Consequence): boolean {
  const compare = (end: string): number => {
    for (const [i, number] of numbersOf(end).entries()) {
      const difference = (numbersOf(release)[i] ?? 0) - number;
      if (difference !== 0) return difference;
    }
    return 0;
  };
  return (
    (since === undefined || compare(since) >= 0) && (until === undefined || compare(until) <= 0)
  );
}

/** Whether a consequence is for somebody in particular, and none of these. */
function isOthers(consequence: Consequence, { xen, linux }: Concern): boolean {
  switch (consequence.who) {
    case 'Xen':
      return !xen?.some(({ name }) => isWithin(name, consequence));
    case 'Linux':
      return linux === null || !isWithin(linux.release, consequence);
    default:
      return false;
  }
}

/**
 * What of a check concerns some releases: findings without a consequence for them are left out, unless they
 * have none for any kernel; those that leave them without an IOMMU are errors.
 */
export function concerning(result: CheckResult, concern: Concern): CheckResult {
  if (concern.xen === null && concern.linux === null) return result;
  const left = new Map<Rule, readonly Consequence[]>();
  for (const [rule, all] of result.consequences) {
    const kept = all.filter((consequence) => !isOthers(consequence, concern));
    const isAboutKernels = all.some(({ who }) => who === 'Xen' || who === 'Linux');
    const concerns = kept.some(({ who }) => who === 'Xen' || who === 'Linux');
    if (concerns || !isAboutKernels) left.set(rule, kept);
  }
  const raised = (finding: Finding): Finding =>
    left.get(finding.rule)?.some(({ turnsOffIommu }) => turnsOffIommu)
      ? { ...finding, severity: 'error' }
      : finding;
  const findings = result.findings.filter(({ rule }) => left.has(rule)).map(raised);
  return { ...result, findings, consequences: left };
}
