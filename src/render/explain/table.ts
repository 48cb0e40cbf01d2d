import type { ExplainAnswer, Explanation } from '../../answers/explain.js';
import { printable } from '../../base/printable.js';
import type { Format } from '../basics/format.js';
import type { Page } from '../basics/page.js';
import { wrap } from '../basics/text.js';
import { askFor, meaningOf, regionText, releasesText } from './words.js';

const INDENT = '  ';

export const table: Format<ExplainAnswer> = {
  pieces: (answer, { page }) => [renderExplain(answer, page)],
};

/** Lines explained, each with its regions and what to do. */
function renderExplain(answer: ExplainAnswer, page: Page): string {
  const blocks = answer.explanations.map((explanation) => explained(explanation, page));
  for (const { source, text } of answer.unknown) {
    blocks.push(
      `${page.style.heading(printable(source === '' ? text : `${source}: ${text}`))}\n${indented('No program that dmar knows prints this line.', page)}`,
    );
  }
  if (blocks.length === 0) blocks.push('No line here calls for an explanation.');
  blocks.push(...askFor(answer).map((text) => wrap(text, page.columns)));
  return `${blocks.join('\n\n')}\n`;
}

const indented = (text: string, { columns }: Page, indent = INDENT): string =>
  indent + wrap(text, columns - indent.length, indent);

/** Who prints the line, and which releases. */
const whose = ({ sighting: { speaker, line } }: Explanation): string =>
  speaker === 'toolstack' ? line.releases : `${speaker} ${releasesText(line.releases)}`.trimEnd();

function explained(explanation: Explanation, page: Page): string {
  const { source, sighting, regions, remedies } = explanation;
  const { style } = page;
  const place = source === '' ? '' : `${source}:${sighting.number}: `;
  const lines = [
    style.heading(wrap(printable(place + sighting.text), page.columns, INDENT)),
    indented(`${whose(explanation)}: ${meaningOf(explanation)}`, page),
    ...regions.map((region) => indented(`Region ${regionText(region)}`, page)),
  ];
  if (remedies.length > 0) lines.push(`${INDENT}${style.heading('What to do')}`);
  for (const [i, { text, command, risk }] of remedies.entries()) {
    const mark = `${INDENT}${`${i + 1}.`.padEnd(3)} `;
    const under = ' '.repeat(mark.length);
    lines.push(mark + wrap(text, page.columns - mark.length, under));
    if (command !== null) lines.push(`${under}${style.good(printable(command))}`);
    if (risk !== null) {
      lines.push(under + style.warning(wrap(`Risk: ${risk}`, page.columns - mark.length, under)));
    }
  }
  return lines.join('\n');
}
