import type { Severity } from '../../acpi/diagnostic.js';
import type { Unread } from '../../base/failure.js';
import type { CheckReport } from './report.js';

const COMMAND: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'notice',
};

/** A source that could not be read as an annotation. */
export const unreadToGithub = ({ path, failure: { code, message } }: Unread): string =>
  `::error file=${escapeProperty(path)},title=${escapeProperty(code)}::${escapeData(message)}\n`;

const escapeData = (text: string): string =>
  text.replace(/[%\r\n]/g, (char) => encodeURIComponent(char));

const escapeProperty = (text: string): string =>
  text.replace(/[%\r\n:,]/g, (char) => encodeURIComponent(char));

/**
 * Findings as GitHub Actions' workflow commands, a line each, which show as annotations of a run (GitHub
 * Docs, "Workflow commands for GitHub Actions").
 */
export const checkToGithub = ({ source, result }: CheckReport): string =>
  result.findings
    .map(({ rule, message }) => {
      const properties = `file=${escapeProperty(source.path)},title=${escapeProperty(rule.id)}`;
      return `::${COMMAND[rule.severity]} ${properties}::${escapeData(message)}\n`;
    })
    .join('');
