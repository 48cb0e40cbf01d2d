import type { Severity } from '../acpi/diagnostic.js';
import type { Decoded, TableName } from '../acpi/table-layout.js';
import {
  type Consequence,
  type HostFact,
  type HostFacts,
  NO_HOST,
  type Remark,
  type Rule,
} from './rule.js';
import { RULE_SETS, RULES } from './rules.js';

/** Something wrong with a table, and the rule that says so. */
export interface Finding extends Remark {
  readonly rule: Rule;
  readonly severity: Severity;
}

/** What checking a table came to. */
export interface CheckResult {
  /** By byte offset, and at one offset in the order of the rules. */
  readonly findings: Finding[];
  /** What the rules that found something mean for this table, in the order of the rules. */
  readonly consequences: ReadonlyMap<Rule, readonly Consequence[]>;
  /** Rules that had nothing to go by, since a fact of the machine is missing. */
  readonly notRun: Rule[];
}

/** Severities from the worst down. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Whether a severity is at least as bad as another. */
export const reaches = (severity: Severity, level: Severity): boolean =>
  SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(level);

/**
 * Checks a table by its rules, in n log n steps of its size at most.
 *
 * @param decoded what decoding made of the bytes; without a table only its diagnostics are found
 * @param host what is known of the machine the table is from
 * @param rules the rules to go by; those of other tables are left out
 */
export function checkTable(
  { kind, size, table, diagnostics }: Decoded,
  host: HostFacts = NO_HOST,
  rules: readonly Rule[] = RULES,
): CheckResult {
  const { subjectOf } = RULE_SETS[kind];
  const asked = rulesFor(kind, rules);
  const subject = table && subjectOf(table, host);
  const lacks = (fact: HostFact | undefined) => fact !== undefined && host[fact] === null;
  const notRun = asked.filter(({ needs }) => lacks(needs));
  const findings: Finding[] = [];
  const consequences = new Map<Rule, readonly Consequence[]>();
  for (const rule of asked) {
    const remarks: Iterable<Remark> | null = rule.test
      ? table && rule.test(subject)
      : diagnostics.filter(({ code }) => code === rule.id);
    const before = findings.length;
    for (const { offset, message, devices, severity = rule.severity, ...remark } of remarks ?? []) {
      // A structure may claim more bytes than are there.
      const length = Math.max(0, Math.min(remark.length, size - offset));
      const finding = { rule, severity, offset, length, message };
      findings.push(devices === undefined ? finding : { ...finding, devices });
    }
    if (findings.length === before) continue;
    const holding = rule.consequences.filter(({ holds }) => !holds || !table || holds(subject));
    consequences.set(rule, holding);
  }
  // Sorting is stable, so the order of the rules stays at one offset.
  findings.sort((a, b) => a.offset - b.offset);
  return { findings, consequences, notRun };
}

/** Those of some rules that are about a table. */
export function rulesFor(kind: TableName, rules: readonly Rule[]): readonly Rule[] {
  const own: readonly Rule[] = RULE_SETS[kind].rules;
  return rules === RULES ? own : rules.filter((rule) => own.includes(rule));
}

/** How many findings there are of each severity. */
export function countBySeverity(findings: readonly Finding[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

/** The worst severity of some findings; that of the least where there are none. */
export const worstOf = (findings: readonly Finding[]): Severity =>
  SEVERITIES.find((level) => findings.some(({ severity }) => severity === level)) ?? 'info';

/** Findings by their rule, the rules in the order of their first findings. */
export function groupByRule(findings: readonly Finding[]): Map<Rule, Finding[]> {
  const groups = new Map<Rule, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.rule);
    if (group === undefined) groups.set(finding.rule, [finding]);
    else group.push(finding);
  }
  return groups;
}
