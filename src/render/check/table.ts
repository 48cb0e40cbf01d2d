import type { Severity } from '../../acpi/diagnostic.js';
import type { CheckAnswer } from '../../answers/check.js';
import { missingFrom } from '../../answers/completeness.js';
import {
  countBySeverity,
  type Finding,
  groupByRule,
  SEVERITIES,
  worstOf,
} from '../../check/check.js';
import { consequenceName, type Rule } from '../../check/rule.js';
import { DeviceSets } from '../basics/device-sets.js';
import type { Format } from '../basics/format.js';
import { facts, MARK, machineName, type Page, remarks } from '../basics/page.js';
import { renderTable } from '../basics/table.js';
import { plural, wrap } from '../basics/text.js';
import { needText } from './rules.js';

/** Findings of one rule that a person is shown; the others are counted. */
const MOST_FINDINGS = 20;

const INDENT = '  ';

export const table: Format<CheckAnswer> = {
  separator: '\n',
  pieces: (answer, { page }) => [renderCheck(answer, page)],
};

/** A report as text for a terminal: whose table, what is wrong rule by rule, and a count. */
function renderCheck(report: CheckAnswer, page: Page): string {
  const groups = [...groupByRule(report.result.findings)].sort(
    ([, a], [, b]) => SEVERITIES.indexOf(worstOf(a)) - SEVERITIES.indexOf(worstOf(b)),
  );
  const shown = groups.flatMap(([, found]) => found.slice(0, MOST_FINDINGS));
  const sets = new DeviceSets(
    shown.flatMap(({ devices }) => (devices === undefined ? [] : [devices])),
  );
  const parts = [
    preamble(report, page),
    ...groups.map(([rule, found]) => {
      const consequences = report.result.consequences.get(rule) ?? [];
      return ruleBlock({ ...rule, consequences }, found, sets, page);
    }),
    sets.legend(page),
    summary(report, page),
    remarks(
      report.notes.map((message) => ({ message })),
      page,
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function preamble({ source, table, hostRoot }: CheckAnswer, page: Page): string {
  const oem = [table?.header.oemId, table?.header.oemTableId]
    .map((id) => (id ?? '').replace(/[^\x20-\x7e]/g, ' ').trim())
    .filter((id) => id !== '');
  return facts(
    [
      ['Source', [source.path, ...oem].join(', ')],
      ['Machine', machineName(hostRoot, 'unknown')],
    ],
    page,
  );
}

/** What is wrong by one rule, who trips over it and what to do. */
function ruleBlock(rule: Rule, found: readonly Finding[], sets: DeviceSets, page: Page): string {
  const { columns, style } = page;
  const severity = worstOf(found);
  const label = `${severity}: `;
  const title = wrap(`${label}${rule.title} (${rule.id})`, columns, INDENT);
  const shown = found.slice(0, MOST_FINDINGS);
  const unit = found[0]?.line === undefined ? 'bytes' : 'line';
  const places = shown.map(columnText);
  const width = Math.max(...places.map((place) => place.length));
  const room = columns - width - 2 * INDENT.length;
  const rows = shown.map((finding, i) => [
    `${INDENT}${(places[i] as string).padStart(width)}`,
    wrap(messageOf(finding, sets), room),
  ]);
  const more = found.length - shown.length;
  return [
    style[MARK[severity]](label) + style.heading(title.slice(label.length)),
    renderTable([{ heading: `${INDENT}${unit.padStart(width)}` }, { heading: 'finding' }], rows, {
      heading: style.faint,
    }),
    ...(more > 0 ? [`${INDENT}and ${more} more, which --format ndjson lists.`] : []),
    ...consequenceLines(rule, page),
    hanging('What to do', rule.advice, page),
  ].join('\n');
}

/** The message, with the letter of a list of devices that has one instead of what it shows of the list. */
function messageOf({ message, devices }: Finding, sets: DeviceSets): string {
  const letter = devices === undefined ? null : sets.letter(devices);
  const list = message.lastIndexOf(': ');
  return letter === null || list < 0 ? message : `${message.slice(0, list)}: ${letter}.`;
}

/** A run of bytes as `112-119`, both inclusive; of a text without the table, a line. */
function columnText({ offset, length, line }: Finding): string {
  if (line !== undefined) return `${line}`;
  return length > 1 ? `${offset}-${offset + length - 1}` : `${offset}`;
}

const consequenceLines = ({ consequences }: Rule, page: Page): string[] =>
  consequences.map((consequence) =>
    hanging(consequenceName(consequence), `${consequence.effect}.`, page),
  );

/** An indented paragraph with its first words set off. */
function hanging(label: string, text: string, { columns, style }: Page): string {
  const paragraph = wrap(`${label}: ${text}`, columns - INDENT.length, INDENT.repeat(2));
  return `${INDENT}${style.faint(`${label}:`)}${paragraph.slice(label.length + 1)}`;
}

function summary(
  { source, result, known, hostRoot }: CheckAnswer,
  { columns, style }: Page,
): string {
  const counts = countBySeverity(result.findings);
  const said = SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) =>
    style[MARK[severity]](countText(counts[severity], severity)),
  );
  const old =
    known === null
      ? ''
      : ` ${plural(known.size, 'finding')} of the baseline ${known.size === 1 ? 'is' : 'are'} no news.`;
  const verdict =
    said.length === 0
      ? style.good(
          missingFrom(source) === null ? 'Nothing found.' : 'Nothing found in what is there.',
        )
      : `Found ${said.join(', ')}.${old}`;
  if (result.notRun.length === 0) return verdict;
  const why =
    hostRoot === null
      ? 'facts about the machine (use --root).'
      : `facts about the machine that ${hostRoot} does not have.`;
  const what =
    missingFrom(source) === null || source.kind !== 'table' ? '' : 'the whole table, or ';
  return `${verdict}\n${wrap(`${plural(result.notRun.length, 'rule')} skipped: they need ${what}${why}`, columns)}`;
}

const countText = (count: number, severity: Severity): string =>
  severity === 'info' ? `${count} info` : plural(count, severity);

/** All rules, one a line. */
export function renderRules(rules: readonly Rule[], { columns, style }: Page): string {
  const first = Math.max(...rules.map(({ id }) => id.length));
  const room = columns - first - 'severity'.length - 4;
  const rows = rules.map(({ id, severity, title }) => [
    id,
    style[MARK[severity]](severity),
    wrap(title, Math.max(room, 20)),
  ]);
  const headings = ['rule', 'severity', 'what is wrong'].map((heading) => ({ heading }));
  return `${renderTable(headings, rows, { heading: style.heading })}\n`;
}

/** One rule in full. */
export function renderRule(rule: Rule, page: Page): string {
  const { columns, style } = page;
  return [
    `${style.heading(rule.id)} (${style[MARK[rule.severity]](rule.severity)})`,
    wrap(`${rule.title}.`, columns),
    ...(rule.needs === undefined ? [] : ['', hanging('Needs', `${needText(rule)}.`, page)]),
    '',
    style.heading('Who trips over it'),
    ...consequenceLines(rule, page),
    '',
    style.heading('What to do'),
    INDENT + wrap(rule.advice, columns - INDENT.length, INDENT),
    '',
  ].join('\n');
}
