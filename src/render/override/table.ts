import type { DeviceReport } from '../../answers/devices.js';
import type { DeviceOutcome } from '../../answers/override.js';
import { formatSbdf } from '../../base/sbdf.js';
import type { Format } from '../basics/format.js';
import { facts, machineName, type Page } from '../basics/page.js';
import type { Style } from '../basics/style.js';
import { renderTable } from '../basics/table.js';
import { plural, wrap } from '../basics/text.js';
import { renderDiff } from '../diff/table.js';
import type { MadeFile, OverrideReport } from './formats.js';
import type { Way } from './ways.js';
import { explainEdit, explainRisk } from './words.js';

export const table: Format<OverrideReport> = {
  separator: '\n',
  pieces: (answer, { page }) => [renderOverride(answer, page)],
};

/** What a changed table means, as text for a terminal: before anything is written. */
function renderOverride(answer: OverrideReport, page: Page): string {
  const { source, judges, hostRoot } = answer;
  const parts = [
    facts(
      [
        ['Source', source.path],
        ['Machine', machineName(hostRoot, 'unknown: every device is taken as present')],
        ['Kernels', `Linux ${judges.kernel.release} (VFIO); Xen ${judges.xen.release.name}`],
      ],
      page,
    ),
    list(
      'Changes:',
      answer.edits.map((edit) => explainEdit(edit, source.table)),
      page,
      'Only lengths and sums are corrected.',
    ),
    outcomesTable(answer.outcomes, page),
    list('Still blocked:', stillBlocked(answer), page),
    list('What may go wrong:', answer.risks.map(explainRisk), page),
    list('Notes:', answer.notes, page),
    answer.dryRun ? renderDiff(answer.diff, page).trimEnd() : '',
    list('Written:', answer.files.map(explainFile), page),
    answer.way === null ? '' : explainWay(answer.way, page),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const KINDS: Readonly<Record<MadeFile['kind'], string>> = {
  table: 'the table',
  initrd: 'an archive with it, to stand in front of the initial RAM disk',
  grub: "lines for GRUB's menu, for Linux and Xen",
  opencore: "entries for OpenCore's config.plist",
};

const explainFile = ({ path, kind, length }: MadeFile): string =>
  `${path}: ${KINDS[kind]} (${plural(length, 'byte')}).`;

/** Lines to copy stand as they are; the others are broken. */
function explainWay({ title, steps, back }: Way, { columns, style }: Page): string {
  const lines = steps.map((step, i) => `${i + 1}. ${wrap(step, columns - 3, '   ')}`);
  return [
    style.heading(wrap(`How to load it: ${title}`, columns)),
    ...lines,
    wrap(`Back: ${back}`, columns),
  ].join('\n');
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

/** Why devices that were to be freed are not. */
const stillBlocked = ({ outcomes }: OverrideReport): string[] =>
  outcomes.flatMap(({ before, after, freed }) =>
    freed && after?.linux.verdict === 'blocked'
      ? [`${shortName(before)} on Linux: ${after.linux.message}`]
      : [],
  );

const shortName = ({ candidate }: DeviceReport): string =>
  formatSbdf(candidate.address).replace(/^0000:/, '');

const PAINT: Readonly<Record<string, keyof Style>> = { ok: 'good', blocked: 'bad' };

/** The devices that are judged otherwise with the new table, or have other regions. */
function outcomesTable(outcomes: readonly DeviceOutcome[], { columns, style }: Page): string {
  if (outcomes.length === 0) return wrap('No device is judged otherwise with it.', columns);
  const paint = (verdict: string) => style[PAINT[verdict] ?? 'warning'](verdict);
  const rows = outcomes.map(({ before, after }) => [
    shortName(before),
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
