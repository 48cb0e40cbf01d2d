import { type CheckAnswer, isKnown, passes } from '../../answers/check.js';
import { countBySeverity, type Finding } from '../../check/check.js';
import type { Consequence, Rule } from '../../check/rule.js';
import type { Format } from '../basics/format.js';
import { FORMAT_VERSION, type JsonObject } from '../basics/json.js';
import { sourceToJson } from '../basics/source-json.js';

/** A report as the JSON Schema `check` describes it. */
export function checkToJson(report: CheckAnswer): JsonObject {
  const { source, hostRoot, failOn, notes } = report;
  const { findings, consequences, notRun } = report.result;
  return {
    source: sourceToJson(source),
    host: hostRoot,
    passed: passes(report),
    fail_on: failOn,
    counts: countBySeverity(findings),
    findings: findings.map((finding, i) => ({
      ...findingToJson(finding),
      fingerprint: report.fingerprints[i] as string,
      ...(report.known === null ? {} : { known: isKnown(report, finding) }),
    })),
    rules: report.rules
      .filter((rule) => consequences.has(rule))
      .map((rule) => ruleToJson(rule, consequences.get(rule))),
    not_run: notRun.map(({ id }) => id),
    notes,
    format_version: FORMAT_VERSION,
  };
}

export const json: Format<CheckAnswer> = { document: checkToJson };

/** A finding, its rule by id. */
export const findingToJson = ({
  rule,
  severity,
  offset,
  length,
  line,
  message,
}: Finding): JsonObject => ({
  rule: rule.id,
  severity,
  offset,
  length,
  ...(line === undefined ? {} : { line }),
  message,
});

/**
 * All that a rule says of itself.
 *
 * @param consequences those that hold for a table; left out: all
 */
export const ruleToJson = (
  { id, severity, title, advice, needs, ...rule }: Rule,
  consequences: readonly Consequence[] = rule.consequences,
): JsonObject => ({
  id,
  severity,
  title,
  needs: needs ?? null,
  trips: consequences.map(({ who, since, until, effect, turnsOffIommu }) => ({
    who,
    since: since ?? null,
    until: until ?? null,
    effect,
    turns_off_vtd: turnsOffIommu ?? false,
  })),
  advice,
});
