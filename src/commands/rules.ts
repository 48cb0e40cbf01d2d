import type { Rule } from '../check/rule.js';
import { toJsonText } from '../render/basics/json.js';
import { ruleToJson } from '../render/check/json.js';
import { renderRule, renderRules } from '../render/check/table.js';
import type { GlobalOptions } from './declarations.js';
import { print } from './output.js';
import { pageOf } from './terminal.js';

/** How rules are printed. */
export interface RuleOptions extends GlobalOptions {
  format: string;
}

/** Prints rules: as a list, as a JSON array, or as a line of JSON each. */
export async function printRules(rules: readonly Rule[], options: RuleOptions): Promise<void> {
  const documents = rules.map((rule) => ruleToJson(rule));
  if (options.format === 'json') return print(toJsonText(documents));
  if (options.format === 'ndjson') {
    return print(documents.map((document) => toJsonText(document, 0)).join(''));
  }
  return print(renderRules(rules, await pageOf(options)));
}

/** Prints one rule in full. */
export async function printRule(rule: Rule, options: RuleOptions): Promise<void> {
  const { format } = options;
  if (format === 'json' || format === 'ndjson') {
    return print(toJsonText(ruleToJson(rule), format === 'json' ? 2 : 0));
  }
  return print(renderRule(rule, await pageOf(options)));
}
