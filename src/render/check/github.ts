import type { Severity } from '../../acpi/diagnostic.js';
import type { CheckAnswer } from '../../answers/check.js';
import type { Unread } from '../../base/failure.js';
import type { Format } from '../basics/format.js';

const COMMAND: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'notice',
};

/** A source that could not be read as an annotation. */
const unreadToGithub = ({ path, failure: { code, message } }: Unread): string =>
  `::error file=${escapeProperty(path)},title=${escapeProperty(code)}::${escapeData(message)}\n`;

const escapeData = (text: string): string =>
  text.replace(/[%\r\n]/g, (char) => encodeURIComponent(char));

const escapeProperty = (text: string): string =>
  text.replace(/[%\r\n:,]/g, (char) => encodeURIComponent(char));

/**
 * Findings as GitHub Actions' workflow commands, a line each, which show as annotations of a run (GitHub
 * Docs, "Workflow commands for GitHub Actions").
 */
export const github: Format<CheckAnswer> = {
  pieces: ({ source, result }) =>
    result.findings.map(({ rule, severity, message }) => {
      const properties = `file=${escapeProperty(source.path)},title=${escapeProperty(rule.id)}`;
      return `::${COMMAND[severity]} ${properties}::${escapeData(message)}\n`;
    }),
  ending: (_, unread) => unread.map(unreadToGithub).join(''),
};
