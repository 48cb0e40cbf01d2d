import type { Log, Notification, ReportingDescriptor, Result, Run } from 'sarif';
import type { Severity } from '../../acpi/diagnostic.js';
import type { CheckAnswer } from '../../answers/check.js';
import type { Unread } from '../../base/failure.js';
import { VERSION } from '../../base/version.js';
import type { Finding } from '../../check/check.js';
import { consequenceName, type Rule } from '../../check/rule.js';
import { RULES } from '../../check/rules.js';
import type { TableSource } from '../../evidence/source.js';
import type { Format } from '../basics/format.js';
import { type JsonObject, toJsonText } from '../basics/json.js';

const LEVEL: Readonly<Record<Severity, Result.level>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

export const sarif: Format<CheckAnswer> = {
  ending: (answers, unread) => toJsonText(checkToSarif(answers, unread, rulesOf(answers))),
};

/** The rules that were asked for of any table; all where there was no table. */
function rulesOf(answers: readonly CheckAnswer[]): readonly Rule[] {
  const asked = new Set(answers.flatMap(({ rules }) => rules));
  return answers.length === 0 ? RULES : RULES.filter((rule) => asked.has(rule));
}

/**
 * Reports as one SARIF 2.1.0 log (OASIS Static Analysis Results Interchange Format). A finding has its region
 * in bytes where the file is the table itself, and not a text or an archive that holds it.
 *
 * @param unread what could not be read, which the log must not pass over
 * @param rules those that were asked for
 */
function checkToSarif(
  reports: readonly CheckAnswer[],
  unread: readonly Unread[],
  rules: readonly Rule[],
): JsonObject {
  const indexes = new Map(rules.map((rule, index) => [rule, index]));
  const run: Run = {
    tool: { driver: { name: 'dmar', version: VERSION, rules: rules.map(toDescriptor) } },
    invocations: [
      {
        executionSuccessful: unread.length === 0,
        toolExecutionNotifications: unread.map(toNotification),
      },
    ],
    artifacts: reports.map(({ source: { path, bytes, verbatim, sha256 } }) => ({
      location: { uri: uriOf(path) },
      ...(verbatim
        ? {
            length: bytes.length,
            mimeType: 'application/octet-stream',
            hashes: { 'sha-256': sha256 },
          }
        : {}),
    })),
    results: reports.flatMap(({ source, result }, artifact) =>
      result.findings.map((finding) => ({
        ...toResult(finding, source, artifact),
        ruleIndex: indexes.get(finding.rule) ?? -1,
      })),
    ),
  };
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [run],
  };
  return log as unknown as JsonObject;
}

function toDescriptor({ id, severity, title, consequences, advice }: Rule): ReportingDescriptor {
  const effects = consequences.map(
    (consequence) => `${consequenceName(consequence)}: ${consequence.effect}.`,
  );
  return {
    id,
    shortDescription: { text: `${title}.` },
    fullDescription: { text: [`${title}.`, ...effects].join(' ') },
    help: {
      text: [...effects, advice].join('\n'),
      markdown: [...effects.map((effect) => `- ${effect}`), '', advice].join('\n'),
    },
    defaultConfiguration: { level: LEVEL[severity] },
  };
}

const toNotification = ({ path, failure: { code, message } }: Unread): Notification => ({
  level: 'error',
  descriptor: { id: code },
  message: { text: message },
  locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }],
});

function toResult(
  { rule, severity, offset, length, message }: Finding,
  { path, verbatim }: TableSource,
  index: number,
): Result {
  return {
    ruleId: rule.id,
    level: LEVEL[severity],
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(path), index },
          ...(verbatim ? { region: { byteOffset: offset, byteLength: length } } : {}),
        },
      },
    ],
  };
}

/** A path as a URI, or a reference relative to where the command ran; standard input has a name of its own. */
function uriOf(path: string): string {
  if (path === '-') return 'stdin';
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}
