import type { Log, ReportingDescriptor, Result, Run } from 'sarif';
import type { Severity } from '../acpi/diagnostic.js';
import type { Finding } from '../check/check.js';
import { type Rule, tripName } from '../check/rule.js';
import { sha256 } from '../sources/digest.js';
import type { CheckReport } from './check-report.js';
import type { JsonObject } from './json.js';

const LEVEL: Readonly<Record<Severity, Result.level>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/**
 * Reports as one SARIF 2.1.0 log (OASIS Static Analysis Results Interchange Format), each finding with
 * its region in bytes.
 *
 * @param rules those that were asked for
 */
export async function checkToSarif(
  reports: readonly CheckReport[],
  rules: readonly Rule[],
): Promise<JsonObject> {
  const indexes = new Map(rules.map((rule, index) => [rule, index]));
  const run: Run = {
    tool: { driver: { name: 'dmar', rules: rules.map(toDescriptor) } },
    artifacts: await Promise.all(
      reports.map(async ({ source: { path, bytes } }) => ({
        location: { uri: uriOf(path) },
        length: bytes.length,
        mimeType: 'application/octet-stream',
        hashes: { 'sha-256': await sha256(bytes) },
      })),
    ),
    results: reports.flatMap(({ source, result }, artifact) =>
      result.findings.map((finding) => ({
        ...toResult(finding, source.path, artifact),
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

function toDescriptor({ id, severity, title, trips, advice }: Rule): ReportingDescriptor {
  const effects = trips.map((trip) => `${tripName(trip)}: ${trip.effect}.`);
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

function toResult({ rule, offset, length, message }: Finding, path: string, index: number): Result {
  return {
    ruleId: rule.id,
    level: LEVEL[rule.severity],
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(path), index },
          region: { byteOffset: offset, byteLength: length },
        },
      },
    ],
  };
}

/** A path as a URI reference; what came from standard input has a name of its own. */
const uriOf = (path: string): string =>
  path === '-' ? 'stdin' : path.split('/').map(encodeURIComponent).join('/');
