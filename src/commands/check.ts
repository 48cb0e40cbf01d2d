import type { Severity } from '../acpi/diagnostic.js';
import { decodeDmar } from '../acpi/dmar/decode.js';
import { EXIT, type ExitStatus, Failure, type Unread } from '../base/failure.js';
import { checkTable } from '../check/check.js';
import { RULES, RULES_BY_ID } from '../check/dmar/rules.js';
import { NO_HOST } from '../check/dmar/subject.js';
import type { Rule } from '../check/rule.js';
import { requireTable } from '../evidence/source.js';
import { type JsonObject, toJsonText } from '../render/basics/json.js';
import { type CheckReport, passes } from '../render/check/report.js';
import type { SourceOptions } from './declarations.js';
import { eachSource, printDocuments, type SourceInput, speaksJson } from './each-source.js';
import { print, printJson } from './output.js';

export interface CheckOptions extends SourceOptions {
  failOn: Severity;
  ignore?: string[];
  only?: string[];
  list?: boolean;
  explain?: string;
}

/** `dmar check`: what is wrong with each table. */
export async function run(paths: string[], options: CheckOptions): Promise<ExitStatus> {
  const rules = selectRules(options);
  if (options.explain !== undefined) return explainRule(ruleOf(options.explain), options);
  if (options.list) return listRules(rules, options);
  const reports: CheckReport[] = [];
  const unread: Unread[] = [];
  const status = await eachSource(
    paths,
    options,
    async (input) => {
      const report = check(input, rules, options);
      await printReport(report, input.index, options);
      reports.push(report);
      return passes(report) ? EXIT.fine : EXIT.no;
    },
    (failed) => unread.push(failed),
  );
  await printReports({ reports, unread }, rules, paths.length, options);
  return status;
}

function check({ source, host }: SourceInput, rules: Rule[], { failOn }: CheckOptions) {
  const table = requireTable(source);
  const decoded = decodeDmar(table.bytes);
  const result = checkTable(decoded, host ?? NO_HOST, rules);
  return {
    source: table,
    header: decoded.table?.header ?? null,
    hostRoot: host?.root ?? null,
    rules,
    result,
    failOn,
    notes: [...table.notes, ...(host?.notes ?? [])],
  };
}

/** The rules that --only and --ignore leave. */
function selectRules({ only, ignore = [] }: CheckOptions): Rule[] {
  const ignored = new Set(ignore.map(ruleOf));
  const wanted =
    only === undefined ? RULES : RULES.filter((rule) => only.map(ruleOf).includes(rule));
  return wanted.filter((rule) => !ignored.has(rule));
}

function ruleOf(id: string): Rule {
  const rule = RULES_BY_ID.get(id);
  if (rule !== undefined) return rule;
  throw new Failure(
    'unknown-rule',
    `There is no rule ${JSON.stringify(id)}.`,
    'dmar check --list prints all rules.',
    EXIT.usage,
  );
}

/** Prints one source's report in the formats that need not see them all. */
async function printReport(
  report: CheckReport,
  index: number,
  options: CheckOptions,
): Promise<void> {
  switch (options.format) {
    case 'ndjson': {
      const { findingToJson } = await import('../render/check/json.js');
      for (const finding of report.result.findings) {
        const line = { source: report.source.path, ...findingToJson(finding) };
        await print(toJsonText(line, 0));
      }
      return;
    }
    case 'github': {
      const { checkToGithub } = await import('../render/check/github.js');
      return print(checkToGithub(report));
    }
    case 'table': {
      const { renderCheck } = await import('../render/check/table.js');
      const { pageOf } = await import('./page.js');
      const text = await renderCheck(report, await pageOf(options));
      return print(index > 0 ? `\n${text}` : text);
    }
  }
}

/** Prints all sources' reports in the formats that are one document. */
async function printReports(
  { reports, unread }: { reports: readonly CheckReport[]; unread: readonly Unread[] },
  rules: readonly Rule[],
  asked: number,
  { format }: CheckOptions,
): Promise<void> {
  switch (format) {
    case 'json': {
      const { checkToJson } = await import('../render/check/json.js');
      return printDocuments(await Promise.all(reports.map(checkToJson)), asked);
    }
    case 'sarif': {
      const { checkToSarif } = await import('../render/check/sarif.js');
      return printJson(checkToSarif(reports, unread, rules));
    }
    case 'junit': {
      const { checkToJunit } = await import('../render/check/junit.js');
      return print(`${checkToJunit(reports, unread)}\n`);
    }
    case 'github': {
      const { unreadToGithub } = await import('../render/check/github.js');
      return print(unread.map(unreadToGithub).join(''));
    }
  }
}

async function listRules(rules: readonly Rule[], options: CheckOptions): Promise<ExitStatus> {
  if (speaksJson(options)) await printRulesAsJson(rules, options);
  else {
    const { renderRules } = await import('../render/check/table.js');
    const { pageOf } = await import('./page.js');
    await print(await renderRules(rules, await pageOf(options)));
  }
  return EXIT.fine;
}

async function explainRule(rule: Rule, options: CheckOptions): Promise<ExitStatus> {
  if (speaksJson(options)) await printRulesAsJson([rule], options);
  else {
    const { renderRule } = await import('../render/check/table.js');
    const { pageOf } = await import('./page.js');
    await print(renderRule(rule, await pageOf(options)));
  }
  return EXIT.fine;
}

/** Rules as JSON: a list, one a line, or the one that was asked for alone. */
async function printRulesAsJson(
  rules: readonly Rule[],
  { format, explain }: CheckOptions,
): Promise<void> {
  const { ruleToJson } = await import('../render/check/json.js');
  const documents: JsonObject[] = rules.map(ruleToJson);
  if (format === 'ndjson') {
    for (const one of documents) await print(toJsonText(one, 0));
  } else await printJson(explain === undefined ? documents : (documents[0] ?? null));
}
