import { create, type XMLElement } from 'xmlbuilder';
import { type CheckAnswer, fails } from '../../answers/check.js';
import type { Failure, Unread } from '../../base/failure.js';
import { type Finding, groupByRule } from '../../check/check.js';
import type { Rule } from '../../check/rule.js';
import type { Format } from '../basics/format.js';
import { plural } from '../basics/text.js';

/** A `<testcase>`: what the rule, or reading the source, came to. */
interface TestCase {
  name: string;
  skipped?: boolean;
  failure?: string;
  error?: Failure;
  /** What goes with a failure, or to `<system-out>` where there is none. */
  text?: string;
}

interface TestSuite {
  name: string;
  cases: readonly TestCase[];
}

/**
 * Reports as JUnit XML: a suite for each source, in it a case for each rule. A rule whose findings are
 * bad enough fails, and one that lacks facts of the machine is skipped. A source that could not be read is an error.
 */
export const junit: Format<CheckAnswer> = {
  ending: (answers, unread) => `${checkToJunit(answers, unread)}\n`,
};

function checkToJunit(reports: readonly CheckAnswer[], unread: readonly Unread[]): string {
  const suites: TestSuite[] = [
    ...reports.map((report) => {
      const findings = groupByRule(report.result.findings);
      const cases = report.rules.map((rule) => caseOf(report, rule, findings.get(rule) ?? []));
      return { name: report.source.path, cases };
    }),
    ...unread.map(({ path, failure }) => ({
      name: path,
      cases: [{ name: 'readable', error: failure }],
    })),
  ];
  const root = create('testsuites', { encoding: 'UTF-8', invalidCharReplacement: '?' });
  root.att({ name: 'dmar check', ...countsOf(suites.flatMap(({ cases }) => cases)) });
  for (const { name, cases } of suites) {
    const suite = root.ele('testsuite', { name, ...countsOf(cases) });
    for (const test of cases) addCase(suite, test);
  }
  return root.end({ pretty: true });
}

const countsOf = (cases: readonly TestCase[]) => ({
  tests: cases.length,
  failures: cases.filter(({ failure }) => failure !== undefined).length,
  errors: cases.filter(({ error }) => error !== undefined).length,
  skipped: cases.filter(({ skipped }) => skipped).length,
});

function caseOf(report: CheckAnswer, rule: Rule, found: readonly Finding[]): TestCase {
  const test = { name: rule.id, skipped: report.result.notRun.includes(rule) };
  const [first] = found;
  if (first === undefined) return test;
  const text = found.map(({ offset, message }) => `offset ${offset}: ${message}`).join('\n');
  if (!fails(report, first)) return { ...test, text };
  return { ...test, failure: `${rule.title} (${plural(found.length, 'finding')})`, text };
}

function addCase(suite: XMLElement, { name, skipped, failure, error, text }: TestCase): void {
  const test = suite.ele('testcase', { classname: 'dmar.check', name });
  if (error !== undefined) test.ele('error', { message: error.message, type: error.code });
  if (skipped) test.ele('skipped');
  if (text === undefined) return;
  const place =
    failure === undefined ? test.ele('system-out') : test.ele('failure', { message: failure });
  place.cdata(text);
}
