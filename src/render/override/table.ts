import type { DeviceOutcome, OverrideAnswer } from '../../answers/override.js';
import { formatSbdf } from '../../base/sbdf.js';
import type { Format } from '../basics/format.js';
import { facts, machineName, type Page } from '../basics/page.js';
import type { Style } from '../basics/style.js';
import { renderTable } from '../basics/table.js';
import { wrap } from '../basics/text.js';
import { explainEdit, explainRisk } from './words.js';

export const table: Format<OverrideAnswer> = {
  separator: '\n',
  pieces: (answer, { page }) => [renderOverride(answer, page)],
};

/** What a changed table means, as text for a terminal: before anything is written. */
function renderOverride(answer: OverrideAnswer, page: Page): string {
  const { source, judges, hostRoot } = answer;
  const parts = [
    facts(
      [
        ['Source', source.path],
        ['Machine', machineName(hostRoot, 'unknown: every device is taken as present')],
        ['Judges', `Linux ${judges.kernel.release} (VFIO); Xen ${judges.xen.release.name}`],
      ],
      page,
    ),
    list('Changes:', answer.edits.map(explainEdit), page, 'Only lengths and sums are corrected.'),
    outcomesTable(answer.outcomes, page),
    list('What may go wrong:', answer.risks.map(explainRisk), page),
    list('Worth knowing:', answer.notes, page),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function list(
  heading: string,
  sentences: readonly string[],
  { columns, style }: Page,
  none = '',
): string {
  const all = sentences.length === 0 && none !== '' ? [none] : sentences;
  if (all.length === 0) return '';
  const lines = all.map((sentence) => `- ${wrap(sentence, columns - 2, '  ')}`);
  return [style.heading(heading), ...lines].join('\n');
}

const PAINT: Readonly<Record<string, keyof Style>> = { ok: 'good', blocked: 'bad' };

/** The devices that are judged otherwise with the new table, or have other regions. */
function outcomesTable(outcomes: readonly DeviceOutcome[], { columns, style }: Page): string {
  if (outcomes.length === 0) return wrap('No device is judged otherwise with it.', columns);
  const paint = (verdict: string) => style[PAINT[verdict] ?? 'warning'](verdict);
  const rows = outcomes.map(({ before, after }) => [
    formatSbdf(before.candidate.address).replace(/^0000:/, ''),
    before.restriction?.kind ?? '-',
    after?.restriction?.kind ?? '-',
    paint(before.linux.verdict),
    paint(after?.linux.verdict ?? 'ok'),
    paint(before.xen.verdict),
    paint(after?.xen.verdict ?? 'ok'),
  ]);
  const headings = ['device', 'memory', 'then', 'Linux', 'then', 'Xen', 'then'].map((heading) => ({
    heading,
  }));
  return renderTable(headings, rows, { gap: 2, heading: style.heading });
}
