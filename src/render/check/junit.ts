import junit, { type Builder, type TestSuite } from 'junit-report-builder';
import type { Unread } from '../../base/failure.js';
import { type Finding, groupByRule } from '../../check/check.js';
import type { Rule } from '../../check/rule.js';
import { plural } from '../basics/text.js';
import { type CheckReport, fails } from './report.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 cannot hold them.
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f]/g;

/** What is imported: the types take it for a module that has the builder as its default export. */
const BUILDER = junit as unknown as Builder;

/**
 * Reports as JUnit XML: a suite for each source, in it a case for each rule. A rule whose findings are
 * bad enough fails, and one that lacks facts of the machine is skipped. A source that could not be read is an error.
 */
export function checkToJunit(reports: readonly CheckReport[], unread: readonly Unread[]): string {
  const builder = BUILDER.newBuilder().name('dmar check');
  for (const report of reports) {
    const suite = builder.testSuite().name(report.source.path.replace(CONTROL, '?'));
    const findings = groupByRule(report.result.findings);
    for (const rule of report.rules) addCase(suite, report, rule, findings.get(rule) ?? []);
  }
  for (const { path, failure } of unread) {
    const suite = builder.testSuite().name(path.replace(CONTROL, '?'));
    const test = suite.testCase().className('dmar.check').name('readable');
    test.error(failure.message.replace(CONTROL, '?'), failure.code);
  }
  return builder.build();
}

function addCase(suite: TestSuite, report: CheckReport, rule: Rule, found: readonly Finding[]) {
  const test = suite.testCase().className('dmar.check').name(rule.id);
  if (report.result.notRun.includes(rule)) test.skipped();
  const [first] = found;
  if (first === undefined) return;
  const lines = found.map(({ offset, message }) => `offset ${offset}: ${message}`).join('\n');
  if (!fails(report, first)) test.standardOutput(lines);
  else test.failure(`${rule.title} (${plural(found.length, 'finding')})`).stacktrace(lines);
}
