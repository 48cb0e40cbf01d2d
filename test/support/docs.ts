import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consequenceName, type Rule } from '../../src/check/rule.js';
import { RULES } from '../../src/check/rules.js';
import { needText } from '../../src/render/check/rules.js';
import { runShell } from './program.js';

const ROOT = join(import.meta.dirname, '../..');

/** Columns that samples in the documentation are made for. */
const COLUMNS = 100;

/** README and all pages below docs/, but for those of the rules; from the project's root. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const readPage = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** A command and what it prints, as a page shows them. */
const SAMPLE = /^```console\n\$ ([^\n]+)\n([\s\S]*?)^```$/gm;

/**
 * A page with its samples made anew: each is what the shell prints of the command on its first line, run at the project's
 * root. A line `…` in a sample stands for what is left out there.
 */
export async function withSamples(text: string): Promise<string> {
  const parts: string[] = [];
  let end = 0;
  for (const { 0: block, 1: command = '', 2: shown = '', index } of text.matchAll(SAMPLE)) {
    const { stdout, stderr } = await runShell(`export COLUMNS=${COLUMNS}\n${command}`);
    const printed = `${stdout}${stderr}`.replace(/[ \t]+$/gm, '').trimEnd();
    const kept = shorten(printed, shown);
    parts.push(text.slice(end, index), `\`\`\`console\n$ ${command}\n${kept}\n\`\`\``);
    end = index + block.length;
  }
  return [...parts, text.slice(end)].join('');
}

/** As many lines of the beginning and of the end as the sample had around its `…`; all where it has none. */
function shorten(printed: string, shown: string): string {
  const had = shown.trimEnd().split('\n');
  const gap = had.indexOf('…');
  if (gap < 0) return printed;
  const lines = printed.split('\n');
  const last = had.length - gap - 1;
  return [...lines.slice(0, gap), '…', ...(last === 0 ? [] : lines.slice(-last))].join('\n');
}

/** A page that says of a rule what it finds, who is affected, and what to do. */
function rulePage(rule: Rule): string {
  const { id, title, severity, consequences, advice } = rule;
  const rows = consequences.map(
    (consequence) => `| ${consequenceName(consequence)} | ${cell(consequence.effect)} |`,
  );
  return [
    `# ${id}`,
    `${title}. Severity: ${severity}.`,
    ...(rule.needs === undefined ? [] : [`It needs ${needText(rule)}.`]),
    ...(rows.length === 0
      ? []
      : [['## Who is affected', '', '| who | what happens |', '|---|---|', ...rows].join('\n')]),
    '## What to do',
    advice,
    `\`dmar check --only ${id} FILE\` looks for this alone, \`--ignore ${id}\` leaves it out.`,
    '[All rules](README.md)',
    '',
  ].join('\n\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The list of all rules. */
const ruleIndex = (): string =>
  [
    '# Rules',
    `\`dmar check\` knows ${RULES.length} rules; \`dmar check --list\` prints them.`,
    [
      '| rule | severity | what it finds |',
      '|---|---|---|',
      ...RULES.map(
        ({ id, severity, title }) => `| [${id}](${id}.md) | ${severity} | ${cell(title)} |`,
      ),
    ].join('\n'),
    '',
  ].join('\n\n');

/** All generated pages of the rules: the name of each below docs/rules/, and its text. */
export const rulePages = (): Map<string, string> =>
  new Map([
    ['README.md', ruleIndex()],
    ...RULES.map((rule): [string, string] => [`${rule.id}.md`, rulePage(rule)]),
  ]);
