import type { LogLine } from './line.js';
import { LINUX_LINES } from './linux.js';
import type { Sighting, Speaker } from './log.js';
import { TOOLSTACK_LINES } from './toolstack.js';
import { XEN_LINES } from './xen.js';

const TABLES: readonly (readonly [Speaker, readonly LogLine[]])[] = [
  ['Linux', LINUX_LINES],
  ['Xen', XEN_LINES],
  ['toolstack', TOOLSTACK_LINES],
];

/** Words in a row that a line must share with a known one to be taken for it. */
const LEAST_WORDS = 4;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z0-9_:'-]+/g) ?? [];

/** The most words in a row that two lists share. */
function sharedRun(a: readonly string[], b: readonly string[]): number {
  let best = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) {
      let run = 0;
      while (a[i + run] !== undefined && a[i + run] === b[j + run]) run++;
      best = Math.max(best, run);
    }
  }
  return best;
}

/** A line that somebody types has a few dozen words; the rest of a longer one does not count. */
const MOST_WORDS = 64;

/**
 * What a line is one of that was shortened, or written down from memory: the known line with which it shares the
 * most words in a row, four at the least.
 *
 * @returns a sighting without values, since none can be read; null where no known line is close
 */
export function closestLine(text: string): Sighting | null {
  const words = wordsOf(text).slice(0, MOST_WORDS);
  let best: { speaker: Speaker; line: LogLine } | null = null;
  let most = LEAST_WORDS - 1;
  for (const [speaker, lines] of TABLES) {
    for (const line of lines) {
      for (const form of line.forms) {
        const run = sharedRun(words, wordsOf(form.replace(/<[a-zA-Z]+:[a-z]+>/g, ' ')));
        if (run > most) {
          most = run;
          best = { speaker, line };
        }
      }
    }
  }
  if (best === null) return null;
  return {
    ...best,
    number: 1,
    text: text.trim(),
    device: null,
    base: null,
    limit: null,
    address: null,
    reason: null,
    values: {},
  };
}
