import type { CheckAnswer } from '../../answers/check.js';
import { passes } from '../../answers/check.js';
import { countBySeverity, SEVERITIES } from '../../check/check.js';
import type { Format } from '../basics/format.js';
import { code, escapeMarkdown, markdownTable } from '../basics/markdown.js';
import { plural } from '../basics/text.js';
import { placeText } from './place.js';
import { consequenceTexts } from './rules.js';

/** Findings as GitHub-flavoured Markdown, for the summary of a step or a comment on a change. */
export const markdown: Format<CheckAnswer> = {
  separator: '\n',
  pieces: (answer) => [section(answer)],
  ending: ({ unread }) =>
    unread
      .map(({ path, failure }) => `\n### ❌ ${code(path)}\n\n${escapeMarkdown(failure.message)}\n`)
      .join(''),
};

function section(answer: CheckAnswer): string {
  const { source, result } = answer;
  const counts = countBySeverity(result.findings);
  const said = SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) =>
    severity === 'info' ? `${counts.info} info` : plural(counts[severity], severity),
  );
  const heading = `### ${passes(answer) ? '✅' : '❌'} ${code(source.path)}`;
  if (said.length === 0) return `${heading}\n\nNothing found.\n`;
  const rows = result.findings.map((finding) => [
    finding.rule.severity,
    code(finding.rule.id),
    placeText(finding),
    escapeMarkdown(finding.message),
  ]);
  const rules = [...new Set(result.findings.map(({ rule }) => rule))];
  return [
    heading,
    `Found ${said.join(', ')}.`,
    markdownTable(['severity', 'rule', 'place', 'finding'], rows),
    ...rules.map((rule) => {
      const lines = [...consequenceTexts(rule), rule.advice].map(
        (line) => `- ${escapeMarkdown(line)}`,
      );
      return `<details><summary>${code(rule.id)}: what it means</summary>\n\n${lines.join('\n')}\n\n</details>`;
    }),
    ...answer.notes.map((note) => `> ${escapeMarkdown(note)}`),
  ]
    .join('\n\n')
    .concat('\n');
}
