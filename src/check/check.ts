import type { Severity } from '../acpi/diagnostic.js';
import type { Decoded, TableName } from '../acpi/table-layout.js';
import { append } from '../base/lists.js';
import {
  type Consequence,
  type HostFacts,
  type Inspection,
  NO_HOST,
  type Remark,
  type Remarks,
  type Rule,
} from './rule.js';
import { RULE_SETS, RULES } from './rules.js';

/** Something wrong with a table, and the rule that says so. */
export interface Finding extends Remark {
  readonly rule: Rule;
  readonly severity: Severity;
  /** Of a text without the table: number of the line, from 1, that told of the region. Offset and length are 0 then. */
  readonly line?: number;
}

/** What checking a table came to. */
export interface CheckResult {
  /** By byte offset, and at one offset in the order of the rules. */
  readonly findings: Finding[];
  /** What the rules that found something mean for this table, in the order of the rules. */
  readonly consequences: ReadonlyMap<Rule, readonly Consequence[]>;
  /** Rules that had nothing to go by, since a fact of the machine is missing. */
  readonly notRun: Rule[];
}

/** Severities from the worst down. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Whether a severity is at least as bad as another. */
export const reaches = (severity: Severity, level: Severity): boolean =>
  SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(level);

/** Rules of one table, sorted by how they find what they find, so that a table is gone through once. */
class RuleBook {
  /** All, in their order. */
  readonly rules: readonly Rule[];
  /** Those that need a fact of the machine. */
  readonly needing: readonly Rule[];
  /** Those that look at the table as a whole. */
  readonly whole: readonly Rule[];
  /** Those that look at each entry of each structure. */
  readonly ofEntries: readonly Inspecting<'entry'>[];
  /** Those of the decoder's diagnostics, by their ids. */
  readonly ofDiagnostics: ReadonlyMap<string, Rule>;
  /** Those that look at each structure of some name, or of any. */
  readonly #ofStructures: readonly Inspecting<'structure'>[];
  readonly #byName = new Map<string, readonly Inspecting<'structure'>[]>();
  readonly #places: ReadonlyMap<Rule, number>;

  constructor(kind: TableName, rules: readonly Rule[]) {
    this.rules = rulesFor(kind, rules);
    this.#places = new Map(this.rules.map((rule, i) => [rule, i]));
    this.needing = this.rules.filter(({ needs }) => needs !== undefined);
    this.whole = this.rules.filter(({ test }) => test !== undefined);
    this.#ofStructures = this.rules.flatMap((rule) =>
      rule.each?.part === 'structure' ? { rule, each: rule.each } : [],
    );
    this.ofEntries = this.rules.flatMap((rule) =>
      rule.each?.part === 'entry' ? { rule, each: rule.each } : [],
    );
    this.ofDiagnostics = new Map(
      this.rules
        .filter(({ each, test }) => each === undefined && test === undefined)
        .map((rule) => [rule.id, rule]),
    );
  }

  /** Where a rule stands among all. */
  placeOf(rule: Rule): number {
    return this.#places.get(rule) ?? 0;
  }

  /** Those that look at each structure of a name. */
  ofStructures(name: string): readonly Inspecting<'structure'>[] {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const rules = this.#ofStructures.filter(({ each: { names } }) => names?.includes(name) ?? true);
    this.#byName.set(name, rules);
    return rules;
  }
}

interface Inspecting<P extends Inspection['part']> {
  readonly rule: Rule;
  readonly each: Extract<Inspection, { part: P }>;
}

/** All rules, for those who ask for no others. */
const ALL: Readonly<Record<TableName, RuleBook>> = {
  DMAR: new RuleBook('DMAR', RULES),
  IVRS: new RuleBook('IVRS', RULES),
};

const bookOf = (kind: TableName, rules: readonly Rule[]): RuleBook =>
  rules === RULES ? ALL[kind] : new RuleBook(kind, rules);

/**
 * Checks a table by its rules, in n log n steps of its size at most.
 *
 * @param decoded what decoding made of the bytes; without a table only its diagnostics are found
 * @param host what is known of the machine the table is from
 * @param rules the rules to go by; those of other tables are left out
 */
export function checkTable(
  decoded: Decoded,
  host: HostFacts = NO_HOST,
  rules: readonly Rule[] = RULES,
): CheckResult {
  const { kind, table } = decoded;
  const book = bookOf(kind, rules);
  const subject = table && RULE_SETS[kind].subjectOf(table, host);
  const findings = findAll(decoded, subject, book, host);
  const found = new Set(findings.map(({ rule }) => rule));
  const consequences = new Map<Rule, readonly Consequence[]>();
  for (const rule of book.rules) {
    if (!found.has(rule)) continue;
    const holding = rule.consequences.filter(({ holds }) => !holds || !table || holds(subject));
    consequences.set(rule, holding);
  }
  return { findings, consequences, notRun: book.needing.filter((rule) => lacks(rule, host)) };
}

/**
 * What rules find in a table, as {@link checkTable} has it, for those who do not ask what it means.
 *
 * @param host what is known of the machine the table is from
 * @param rules the rules to go by; those of other tables are left out
 */
export function findIn(
  decoded: Decoded,
  host: HostFacts = NO_HOST,
  rules: readonly Rule[] = RULES,
): Finding[] {
  const { kind, table } = decoded;
  const book = bookOf(kind, rules);
  const subject = table && RULE_SETS[kind].subjectOf(table, host);
  return findAll(decoded, subject, book, host);
}

/** Whether a rule has nothing to go by, for want of a fact of the machine. */
const lacks = ({ needs }: Rule, host: HostFacts): boolean =>
  needs !== undefined && host[needs] === null;

function findingOf(rule: Rule, remark: Remark, size: number): Finding {
  const { offset, message, devices, severity = rule.severity } = remark;
  // A structure may claim more bytes than are there.
  const length = Math.max(0, Math.min(remark.length, size - offset));
  const finding = { rule, severity, offset, length, message };
  return devices === undefined ? finding : { ...finding, devices };
}

/** All that the rules of a book find, in the order that {@link CheckResult} promises. */
function findAll(
  { kind, table, size, diagnostics }: Decoded,
  subject: unknown,
  book: RuleBook,
  host: HostFacts,
): Finding[] {
  const findings: Finding[] = [];
  const tell = (rule: Rule, remarks: NonNullable<Remarks>) => {
    for (const remark of 'message' in remarks ? [remarks] : remarks) {
      findings.push(findingOf(rule, remark, size));
    }
  };
  for (const diagnostic of diagnostics) {
    const rule = book.ofDiagnostics.get(diagnostic.code);
    if (rule !== undefined) tell(rule, diagnostic);
  }
  if (table !== null) {
    for (const rule of book.whole) {
      const remarks = lacks(rule, host) ? undefined : rule.test?.(subject);
      if (remarks !== undefined) tell(rule, remarks);
    }
    const { entriesOf } = RULE_SETS[kind];
    for (const structure of table.structures) {
      for (const { rule, each } of book.ofStructures(structure.name)) {
        const remarks = each.look(structure, subject);
        if (remarks !== undefined) tell(rule, remarks);
      }
      for (const entry of entriesOf(structure)) {
        for (const { rule, each } of book.ofEntries) {
          const remarks = each.look(entry, structure, subject);
          if (remarks !== undefined) tell(rule, remarks);
        }
      }
    }
  }
  // Sorting is stable, so what one rule says of one offset stays in the order in which it was found.
  return findings.sort(
    (a, b) => a.offset - b.offset || book.placeOf(a.rule) - book.placeOf(b.rule),
  );
}

/** Those of some rules that are about a table. */
export function rulesFor(kind: TableName, rules: readonly Rule[]): readonly Rule[] {
  const own: readonly Rule[] = RULE_SETS[kind].rules;
  return rules === RULES ? own : rules.filter((rule) => own.includes(rule));
}

/** How many findings there are of each severity. */
export function countBySeverity(findings: readonly Finding[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

/** The worst severity of some findings; that of the least where there are none. */
export const worstOf = (findings: readonly Finding[]): Severity =>
  SEVERITIES.find((level) => findings.some(({ severity }) => severity === level)) ?? 'info';

/** Findings by their rule, the rules in the order of their first findings. */
export function groupByRule(findings: readonly Finding[]): Map<Rule, Finding[]> {
  const groups = new Map<Rule, Finding[]>();
  for (const finding of findings) append(groups, finding.rule, finding);
  return groups;
}
