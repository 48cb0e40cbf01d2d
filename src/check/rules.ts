import type { TableName } from '../acpi/table-layout.js';
import { frozen } from '../base/frozen.js';
import { DMAR_RULES } from './dmar/rules.js';
import { IVRS_RULES } from './ivrs/rules.js';
import type { Rule, RuleSet } from './rule.js';

/** The rules of each table. */
export const RULE_SETS: Readonly<Record<TableName, RuleSet>> = {
  DMAR: DMAR_RULES as RuleSet,
  IVRS: IVRS_RULES as RuleSet,
};

/** All rules, table by table. */
export const RULES: readonly Rule[] = frozen(
  Object.values(RULE_SETS).flatMap(({ rules }) => rules),
);

/** Rules by their id. */
export const RULES_BY_ID: ReadonlyMap<string, Rule> = new Map(RULES.map((rule) => [rule.id, rule]));
