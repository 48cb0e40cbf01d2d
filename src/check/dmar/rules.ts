import type { Rule } from '../rule.js';
import { DRHD_RULES } from './drhd-rules.js';
import { HOST_RULES } from './host-rules.js';
import { OTHER_RULES } from './other-rules.js';
import { RMRR_RULES } from './rmrr-rules.js';
import { SCOPE_RULES, STRUCTURE_RULES } from './structure-rules.js';
import { TABLE_RULES } from './table-rules.js';

/** All rules, from the table as a whole to what only its machine can tell. */
export const RULES: readonly Rule[] = [
  ...TABLE_RULES,
  ...STRUCTURE_RULES,
  ...SCOPE_RULES,
  ...DRHD_RULES,
  ...RMRR_RULES,
  ...OTHER_RULES,
  ...HOST_RULES,
];

/** Rules by their id. */
export const RULES_BY_ID: ReadonlyMap<string, Rule> = new Map(RULES.map((rule) => [rule.id, rule]));
