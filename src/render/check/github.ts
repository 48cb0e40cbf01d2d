import type { Severity } from '../../acpi/diagnostic.js';
import { type CheckAnswer, isKnown } from '../../answers/check.js';
import type { Unread } from '../../base/failure.js';
import { printable } from '../../base/printable.js';
import { type Finding, SEVERITIES } from '../../check/check.js';
import type { Format } from '../basics/format.js';

const COMMAND: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'notice',
};

/** Annotations of each kind that GitHub shows of a step (GitHub Docs, "Workflow commands", limits). */
const SHOWN = 10;

/** A source that could not be read as an annotation. */
const unreadToGithub = ({ path, failure: { code, message } }: Unread): string =>
  `::error file=${escapeProperty(path)},title=${escapeProperty(code)}::${escapeData(message)}\n`;

const escapeData = (text: string): string =>
  printable(text).replace(/[%\n]/g, (char) => encodeURIComponent(char));

const escapeProperty = (text: string): string =>
  printable(text).replace(/[%\n:,]/g, (char) => encodeURIComponent(char));

/**
 * Findings as GitHub Actions' workflow commands, a line each, which show as annotations of a run (GitHub
 * Docs, "Workflow commands for GitHub Actions"). Where there are more than it shows, a line of the log says so.
 */
export const github: Format<CheckAnswer> = {
  pieces: (answer) =>
    newsOf(answer).map(({ rule, severity, line, message }) => {
      const place = line === undefined ? '' : `,line=${line}`;
      const properties = `file=${escapeProperty(answer.source.path)}${place},title=${escapeProperty(rule.id)}`;
      return `::${COMMAND[severity]} ${properties}::${escapeData(message)}\n`;
    }),
  ending: ({ answers, unread }) => unread.map(unreadToGithub).join('') + limitText(answers, unread),
};

/** Findings that no baseline has. */
const newsOf = (answer: CheckAnswer): Finding[] =>
  answer.result.findings.filter((finding) => !isKnown(answer, finding));

function limitText(answers: readonly CheckAnswer[], unread: readonly Unread[]): string {
  const findings = answers.flatMap(newsOf);
  const counts = SEVERITIES.map(
    (severity) =>
      findings.filter((finding) => finding.severity === severity).length +
      (severity === 'error' ? unread.length : 0),
  );
  const over = SEVERITIES.flatMap((severity, i) =>
    (counts[i] as number) > SHOWN ? `${counts[i]} ${COMMAND[severity]}s` : [],
  );
  return over.length === 0
    ? ''
    : `GitHub shows ${SHOWN} annotations of each kind a step; there are ${over.join(', ')}. All are in this log.\n`;
}
