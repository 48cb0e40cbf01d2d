import { type PersonalKind, redact } from '../render/basics/redact.js';
import { headlines, type Machine } from './draw.js';
import type { State } from './state.js';

/** A report for a forum, and what personal details were taken out of it. */
export interface Report {
  /** Markdown. */
  readonly text: string;
  readonly found: ReadonlyMap<PersonalKind, number>;
}

/** Most characters of a paste that a report repeats. */
const MOST = 20_000;

/** A fence that no run of backticks in the text ends. */
function fenced(text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text.trimEnd()}\n${fence}`;
}

/**
 * What was found as Markdown: the verdicts, what was chosen, and the paste without personal details.
 *
 * @param pasted the text that was pasted; '' where files were given
 */
export function reportOf(
  machines: readonly Machine[],
  { linux, xen }: State,
  pasted: string,
): Report {
  const parts = machines.flatMap((machine) => [
    `### ${machine.name}`,
    headlines(machine)
      .map(({ word, text }) => `- **${word}** ${text}`)
      .join('\n'),
  ]);
  const judged = [linux === '' ? '' : `Linux ${linux}`, xen === '' ? '' : `Xen ${xen}`].filter(
    Boolean,
  );
  if (judged.length > 0) parts.push(`Asked for ${judged.join(' and ')}.`);
  const { text, found } = redact(
    [...parts, ...(pasted === '' ? [] : [fenced(pasted.slice(0, MOST))])].join('\n\n'),
  );
  return { text: `${text}\n`, found };
}
