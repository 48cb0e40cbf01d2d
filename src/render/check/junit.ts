import { create, type XMLElement } from 'xmlbuilder';
import { type CheckAnswer, fails } from '../../answers/check.js';
import type { Failure } from '../../base/failure.js';
import { oneLine } from '../../base/printable.js';
import { type Finding, groupByRule } from '../../check/check.js';
import type { Rule } from '../../check/rule.js';
import type { Format } from '../basics/format.js';
import { plural } from '../basics/text.js';
import { placeText } from './place.js';
import { needText } from './rules.js';

/** A `<testcase>`: what the rule, or reading the source, came to. */
interface TestCase {
  name: string;
  /** Why it was not run. */
  skipped?: string;
  failure?: string;
  error?: Failure;
  /** What goes with a failure, or to `<system-out>` where there is none. */
  text?: string;
}

interface TestSuite {
  path: string;
  seconds: number;
  cases: readonly TestCase[];
}

/**
 * JUnit XML: a suite for each source, in it a case for each rule. A rule whose findings are bad enough fails,
 * and one that lacks facts of the machine is skipped. A source that could not be read is an error. The class
 * of a case is its source's path: of cases with one class and name consumers keep the first alone.
 */
export const junit: Format<CheckAnswer> = {
  ending({ answers, unread, started, seconds }) {
    const suites: TestSuite[] = [
      ...answers.map((answer, i) => suiteOf(answer, seconds[i] ?? 0)),
      ...unread.map(({ path, failure }) => ({
        path: oneLine(path),
        seconds: 0,
        cases: [{ name: 'readable', error: failure }],
      })),
    ];
    const timestamp = started.toISOString().slice(0, 19);
    const root = create('testsuites', { encoding: 'UTF-8', invalidCharReplacement: '?' });
    const all = countsOf(suites.flatMap(({ cases }) => cases));
    root.att({ name: 'dmar check', ...all, time: timeOf(suites), timestamp });
    for (const suite of suites) {
      const { path, cases } = suite;
      const counts = countsOf(cases);
      const element = root.ele('testsuite', {
        name: path,
        file: path,
        ...counts,
        time: timeOf([suite]),
        timestamp,
      });
      for (const test of cases) addCase(element, path, test);
    }
    return `${root.end({ pretty: true })}\n`;
  },
};

const timeOf = (suites: readonly TestSuite[]): string =>
  suites.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3);

function suiteOf(answer: CheckAnswer, seconds: number): TestSuite {
  const findings = groupByRule(answer.result.findings);
  const cases = answer.rules.map((rule) => caseOf(answer, rule, findings.get(rule) ?? []));
  return { path: oneLine(answer.source.path), seconds, cases };
}

const countsOf = (cases: readonly TestCase[]) => ({
  tests: cases.length,
  failures: cases.filter(({ failure }) => failure !== undefined).length,
  errors: cases.filter(({ error }) => error !== undefined).length,
  skipped: cases.filter(({ skipped }) => skipped !== undefined).length,
});

function caseOf(answer: CheckAnswer, rule: Rule, found: readonly Finding[]): TestCase {
  const test = {
    name: rule.id,
    ...(answer.result.notRun.includes(rule) ? { skipped: `It needs ${needText(rule)}.` } : {}),
  };
  const [first] = found;
  if (first === undefined) return test;
  const text = found
    .map((finding) => `${placeText(finding)}: ${oneLine(finding.message)}`)
    .join('\n');
  if (!fails(answer, first)) return { ...test, text };
  return { ...test, failure: `${rule.title} (${plural(found.length, 'finding')})`, text };
}

function addCase(suite: XMLElement, path: string, test: TestCase): void {
  const { name, skipped, failure, error, text } = test;
  const element = suite.ele('testcase', { classname: path, name, file: path });
  if (error !== undefined)
    element.ele('error', { message: oneLine(error.message), type: error.code });
  if (skipped !== undefined) element.ele('skipped', { message: skipped });
  if (text === undefined) return;
  const place =
    failure === undefined
      ? element.ele('system-out')
      : element.ele('failure', { message: failure, type: name });
  place.cdata(text);
}
