import type { Severity } from '../../acpi/diagnostic.js';
import type { DmarHeader } from '../../acpi/dmar/header.js';
import { type CheckResult, type Finding, reaches } from '../../check/check.js';
import type { Rule } from '../../check/rule.js';
import type { TableSource } from '../../evidence/source.js';

/** What checking one source came to, for all formats. */
export interface CheckReport {
  readonly source: TableSource;
  readonly header: DmarHeader | null;
  /** Whose facts went into it; null where nothing is known of the machine. */
  readonly hostRoot: string | null;
  /** The rules that were asked for. */
  readonly rules: readonly Rule[];
  readonly result: CheckResult;
  /** Findings of this severity and above make the check fail. */
  readonly failOn: Severity;
  /** What a person should know beside the findings. */
  readonly notes: readonly string[];
}

/** Whether a finding is bad enough to make the check fail. */
export const fails = ({ failOn }: CheckReport, { rule }: Finding): boolean =>
  reaches(rule.severity, failOn);

/** Whether no finding makes the check fail. */
export const passes = (report: CheckReport): boolean =>
  !report.result.findings.some((finding) => fails(report, finding));
