import type { Severity } from '../acpi/diagnostic.js';
import type { Decoded, TableStructure } from '../acpi/table-layout.js';
import { decodeTable, type Table } from '../acpi/tables.js';
import { requireObject, type Shape } from '../base/arguments.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { indexOfFirst } from '../base/search.js';
import {
  type CheckResult,
  checkTable,
  type Finding,
  findIn,
  reaches,
  rulesFor,
} from '../check/check.js';
import { NO_HOST, type Rule } from '../check/rule.js';
import { RULES, RULES_BY_ID } from '../check/rules.js';
import type { LogRegion } from '../evidence/logs/log.js';
import type { Source, TableSource } from '../evidence/source.js';
import { parseLinuxRelease } from '../linux/kernel.js';
import type { Host } from '../machine/host.js';
import { requireReleases } from '../xen/releases.js';
import { tableOfRegions } from '../xen/vtd/logged-regions.js';
import { type Baseline, knownOf } from './baseline.js';
import { bytesToJudge, lossNotes, missingFrom } from './completeness.js';
import { concerning } from './concern.js';
import { type Evidence, requireEvidence } from './evidence.js';
import { fingerprintsOf } from './fingerprint.js';
import { testimonyNotes } from './testimony.js';

/** Options of the question what is wrong with a table. */
export interface CheckOptions {
  /** Findings of this severity and above make the check fail; left out: errors. */
  readonly failOn?: Severity | undefined;
  /** Ids of rules to leave out. */
  readonly ignore?: readonly string[] | undefined;
  /** Ids of the only rules to go by. */
  readonly only?: readonly string[] | undefined;
  /** Findings that are no news, and do not make the check fail. */
  readonly baseline?: Baseline | undefined;
  /** Releases of Xen: what does not concern them is left out, what takes VT-d from them is an error. */
  readonly xen?: string | undefined;
  /** Release of Linux, likewise. */
  readonly linux?: string | undefined;
}

/** What they must be. */
const CHECK_OPTIONS: Shape<CheckOptions> = {
  failOn: 'text?',
  ignore: 'texts?',
  only: 'texts?',
  baseline: 'object?',
  xen: 'text?',
  linux: 'text?',
};

/** What is wrong with a table. */
export interface CheckAnswer {
  readonly source: Source;
  /** null where not even its header could be decoded. */
  readonly table: Table | null;
  /** Whose facts went into it; null where nothing is known of the machine. */
  readonly hostRoot: string | null;
  /** The rules that were asked for and are about this table. */
  readonly rules: readonly Rule[];
  readonly result: CheckResult;
  /** A name for each finding that stays the same while other parts of the table change. */
  readonly fingerprints: readonly string[];
  /** Findings that are no news; null where nothing is known of an earlier check. */
  readonly known: ReadonlySet<Finding> | null;
  /** Findings of this severity and above make the check fail. */
  readonly failOn: Severity;
  /** What a person should know beside the findings. */
  readonly notes: readonly string[];
}

/** Rules about what a table does not say: where a part of it is missing, that part may say it. */
const NEED_ALL: ReadonlySet<string> = new Set([
  'table-no-io-apic',
  'drhd-none',
  'rmrr-no-unit',
  'rhsa-no-unit',
  'andd-no-scope',
  'scope-no-andd',
  'drhd-io-apic-missing',
]);

/**
 * What is wrong with a table, rule by rule.
 *
 * @throws Failure `unknown-rule` for a rule there is none of
 */
export function answerCheck(evidence: Evidence, options: CheckOptions = {}): CheckAnswer {
  requireEvidence(evidence);
  requireObject(options, 'options', CHECK_OPTIONS);
  const { source, host } = evidence;
  const isTable = source.kind === 'table';
  const selected = selectRules(options);
  const asked = isTable ? selected : selected.filter(({ id }) => REGION_RULES.has(id));
  const rules = rulesToJudge(source, asked);
  const decoded = decodedToJudge(source);
  const checked = checkTable(decoded, host ?? NO_HOST, rules);
  const left = rules === asked ? [] : asked.filter((rule) => !rules.includes(rule));
  const { xen, linux } = options;
  const concerned = concerning(
    { ...checked, notRun: [...checked.notRun, ...rulesFor(decoded.kind, left)] },
    {
      xen: xen === undefined ? null : requireReleases(xen),
      linux: linux === undefined ? null : parseLinuxRelease(linux),
    },
  );
  const result = isTable
    ? concerned
    : { ...concerned, findings: inText(concerned.findings, decoded, source.regions) };
  const fingerprints = fingerprintsOf(decoded.table, result.findings);
  const old = options.baseline ? knownOf(options.baseline, source.path) : null;
  return {
    source,
    table: isTable ? decoded.table : null,
    hostRoot: host?.root ?? null,
    rules: rulesFor(decoded.kind, asked),
    result,
    fingerprints,
    known: old && new Set(result.findings.filter((_, i) => old.has(fingerprints[i] as string))),
    failOn: options.failOn ?? 'error',
    notes: [
      ...(isTable ? [] : [ONLY_REGIONS]),
      ...source.notes,
      ...lossNotes(source),
      ...(isTable ? [] : testimonyNotes(source.log)),
      ...(host?.notes ?? []),
    ],
  };
}

/**
 * What all rules find in the table of a source: the findings of {@link answerCheck}, for those who ask nothing more.
 *
 * @param known what decoding made of all its bytes
 */
export function findingsIn(
  source: TableSource,
  host: Host | null,
  known: Decoded<Table>,
): Finding[] {
  const isWhole = missingFrom(source) === null;
  return findIn(
    isWhole ? known : decodedToJudge(source),
    host ?? NO_HOST,
    rulesToJudge(source, RULES),
  );
}

/** Those of some rules that have something to go by in what is there of a source. */
const rulesToJudge = (source: Source, rules: readonly Rule[]): readonly Rule[] =>
  source.kind !== 'table' || missingFrom(source) === null
    ? rules
    : rules.filter(({ id }) => !NEED_ALL.has(id));

/** What decoding makes of the bytes to judge: the table's, or those of one that stands for the regions of a text. */
const decodedToJudge = (source: Source): Decoded<Table> =>
  source.kind === 'table'
    ? decodeTable(bytesToJudge(source), source.table)
    : decodeTable(tableOfRegions(source.regions), 'DMAR');

/** Rules about regions alone, so that a text that tells of those can be asked; they need no other structure. */
const REGION_RULES: ReadonlySet<string> = new Set([
  'rmrr-base-unaligned',
  'rmrr-limit-unaligned',
  'rmrr-limit-page-boundary',
  'rmrr-base-above-limit',
  'rmrr-overlap',
  'rmrr-frame-over-32-bits',
  'rmrr-large',
  'rmrr-shared',
  'rmrr-in-acpi-nvs',
  'rmrr-in-usable-memory',
  'rmrr-not-reserved',
]);

const ONLY_REGIONS =
  'The table itself is not in this text, so only rules about regions are asked. The table is in /sys/firmware/acpi/tables, and in what acpidump prints.';

/**
 * Findings about a table that nobody has, for it stands for the regions of a text: instead of a place in it, each has
 * the line that told of its region.
 */
function inText(
  findings: readonly Finding[],
  { table }: Decoded<Table>,
  regions: readonly LogRegion[],
): Finding[] {
  const structures = table?.structures ?? [];
  return findings.map((finding) => {
    const message = finding.message.replace(/ at offset \d+/g, '');
    const after = indexOfFirst<TableStructure>(structures, ({ offset }) => offset > finding.offset);
    // The first of the structures is the unit that any machine with regions has.
    const region = regions[after - 2];
    const line = region === undefined ? {} : { line: region.line };
    return { ...finding, ...line, offset: 0, length: 0, message };
  });
}

/**
 * The rules that `only` and `ignore` leave.
 *
 * @throws Failure `unknown-rule`
 */
export function selectRules({ only, ignore = [] }: CheckOptions): readonly Rule[] {
  if (only === undefined && ignore.length === 0) return RULES;
  const ignored = new Set(ignore.map(requireRule));
  const chosen = only?.map(requireRule);
  return RULES.filter((rule) => (chosen?.includes(rule) ?? true) && !ignored.has(rule));
}

/**
 * The rule of an id.
 *
 * @throws Failure `unknown-rule` where there is none
 */
export function requireRule(id: string): Rule {
  const rule = RULES_BY_ID.get(id);
  if (rule !== undefined) return rule;
  throw new Failure(
    'unknown-rule',
    `There is no rule ${JSON.stringify(id)}.`,
    'dmar check --list prints all rules.',
    EXIT.usage,
  );
}

/** Whether a finding is bad enough to make the check fail. */
export const fails = (answer: CheckAnswer, finding: Finding): boolean =>
  reaches(finding.severity, answer.failOn) && !isKnown(answer, finding);

/** Whether a finding is no news. */
export const isKnown = ({ known }: CheckAnswer, finding: Finding): boolean =>
  known?.has(finding) ?? false;

/** The exit status of a check: no where it fails, not known where a part of the table is missing. */
export const checkStatus = (answer: CheckAnswer): ExitStatus => {
  if (!passes(answer)) return EXIT.no;
  return missingFrom(answer.source) === null ? EXIT.fine : EXIT.noTable;
};

/** Whether no finding makes the check fail. */
export const passes = (answer: CheckAnswer): boolean =>
  !answer.result.findings.some((finding) => fails(answer, finding));
