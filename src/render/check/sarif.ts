import type { Log, Notification, ReportingDescriptor, Result, Run } from 'sarif';
import type { Severity } from '../../acpi/diagnostic.js';
import { FINGERPRINT_KEY } from '../../answers/baseline.js';
import { type CheckAnswer, isKnown } from '../../answers/check.js';
import type { Unread } from '../../base/failure.js';
import { VERSION } from '../../base/version.js';
import type { Finding } from '../../check/check.js';
import type { Rule } from '../../check/rule.js';
import { RULES } from '../../check/rules.js';
import type { Source, TableSource } from '../../evidence/source.js';
import type { Format } from '../basics/format.js';
import { type JsonObject, toJsonText } from '../basics/json.js';
import { consequenceTexts } from './rules.js';

const LEVEL: Readonly<Record<Severity, Result.level>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

export const sarif: Format<CheckAnswer> = {
  ending: ({ answers, unread }) => toJsonText(checkToSarif(answers, unread)),
};

/** The rules that were asked for of any table; all where there was no table. */
function rulesOf(answers: readonly CheckAnswer[]): readonly Rule[] {
  const asked = new Set(answers.flatMap(({ rules }) => rules));
  return answers.length === 0 ? RULES : RULES.filter((rule) => asked.has(rule));
}

/** Relative references are to where the command ran, the root of the repository in most jobs. */
const SOURCE_ROOT = '%SRCROOT%';

/**
 * Findings as one SARIF 2.1.0 log (OASIS Static Analysis Results Interchange Format). Where the file is the
 * table itself, and not a text or an archive that holds it, a finding has its region in bytes. It has a line as
 * well, the first but of a text that tells of regions alone: readers of text show no finding without one, and in SARIF a region's text and
 * its bytes are independent of each other (3.30.4).
 *
 * @param unread what could not be read, which the log must not pass over
 */
export function checkToSarif(
  answers: readonly CheckAnswer[],
  unread: readonly Unread[],
): JsonObject {
  const rules = rulesOf(answers);
  const indexes = new Map(rules.map((rule, index) => [rule, index]));
  const run: Run = {
    tool: {
      driver: {
        name: 'dmar',
        version: VERSION,
        semanticVersion: VERSION,
        rules: rules.map(toDescriptor),
      },
    },
    automationDetails: { id: 'dmar/check/' },
    invocations: [
      {
        executionSuccessful: unread.length === 0,
        toolExecutionNotifications: unread.map(toNotification),
      },
    ],
    artifacts: answers.map(({ source }) => ({
      location: locationOf(source.path),
      ...(isVerbatim(source)
        ? {
            length: source.bytes.length,
            mimeType: 'application/octet-stream',
            hashes: { 'sha-256': source.sha256 },
          }
        : {}),
    })),
    results: answers.flatMap((answer, artifact) => {
      return answer.result.findings.map((finding, i) => ({
        ...toResult(finding, answer.source, artifact, answer.fingerprints[i] as string),
        ...(answer.known === null
          ? {}
          : {
              baselineState: isKnown(answer, finding) ? ('unchanged' as const) : ('new' as const),
            }),
        ruleIndex: indexes.get(finding.rule) ?? -1,
      }));
    }),
  };
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [run],
  };
  return log as unknown as JsonObject;
}

/** A rule's id as SARIF's readers show it beside the id: `RmrrOverlap`. */
const nameOf = (id: string): string =>
  id.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());

function toDescriptor(rule: Rule): ReportingDescriptor {
  const { id, severity, title, advice } = rule;
  const effects = consequenceTexts(rule);
  return {
    id,
    name: nameOf(id),
    shortDescription: { text: `${title}.` },
    fullDescription: { text: [`${title}.`, ...effects].join(' ') },
    help: {
      text: [...effects, advice].join('\n'),
      markdown: [...effects.map((effect) => `- ${effect}`), '', advice].join('\n'),
    },
    defaultConfiguration: { level: LEVEL[severity] },
  };
}

/** Whether a place in the table is one in the file. */
const isVerbatim = (source: Source): source is TableSource =>
  source.kind === 'table' && source.verbatim;

const toNotification = ({ path, failure: { code, message } }: Unread): Notification => ({
  level: 'error',
  descriptor: { id: code },
  message: { text: message },
  locations: [{ physicalLocation: { artifactLocation: locationOf(path) } }],
});

function toResult(
  { rule, severity, offset, length, line = 1, message }: Finding,
  source: Source,
  index: number,
  fingerprint: string,
): Result {
  return {
    ruleId: rule.id,
    level: LEVEL[severity],
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { ...locationOf(source.path), index },
          region: {
            startLine: line,
            ...(isVerbatim(source) ? { byteOffset: offset, byteLength: length } : {}),
          },
        },
      },
    ],
    partialFingerprints: {
      [FINGERPRINT_KEY]: fingerprint,
      // The one that GitHub goes by; it would make one of all findings on a line otherwise.
      primaryLocationLineHash: fingerprint,
    },
  };
}

/** A path as a URI, or a reference relative to the source's root; standard input has a name of its own. */
function locationOf(path: string): { uri: string; uriBaseId?: string } {
  if (path === '-') return { uri: 'stdin', uriBaseId: SOURCE_ROOT };
  const encoded = Array.from(path.replace(/^(\.\/)+/, ''), uriPart).join('');
  return path.startsWith('/')
    ? { uri: `file://${encoded}` }
    : { uri: encoded, uriBaseId: SOURCE_ROOT };
}

/** A character of a path in a URI; half a surrogate pair stands for a byte that is no character. */
function uriPart(character: string): string {
  if (character === '/') return character;
  const code = character.charCodeAt(0);
  return character.length === 1 && code >= 0xd800 && code <= 0xdfff
    ? `%${(code & 0xff).toString(16)}`
    : encodeURIComponent(character);
}
