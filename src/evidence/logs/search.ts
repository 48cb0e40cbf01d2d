import { parseSbdf, type Sbdf } from '../../base/sbdf.js';
import type { Text } from '../text.js';
import { type Form, formsOf, type LogLine } from './line.js';
import { LINUX_LINES } from './linux.js';
import type { Sighting, Speaker } from './log.js';
import { TOOLSTACK_LINES } from './toolstack.js';
import { XEN_LINES } from './xen.js';

interface SpokenForm extends Form {
  readonly speaker: Speaker;
}

const SPEAKERS: readonly (readonly [Speaker, readonly LogLine[]])[] = [
  ['Linux', LINUX_LINES],
  ['Xen', XEN_LINES],
  ['toolstack', TOOLSTACK_LINES],
];

/** All forms by the word that a line must have; in the order of the tables. */
let index: Map<string, SpokenForm[]> | null = null;

function formsByWord(): Map<string, SpokenForm[]> {
  if (index !== null) return index;
  index = new Map();
  for (const [speaker, lines] of SPEAKERS) {
    for (const form of lines.flatMap(formsOf)) {
      for (const word of form.words) {
        const forms = index.get(word) ?? [];
        index.set(word, forms);
        forms.push({ ...form, speaker });
      }
    }
  }
  return index;
}

/** What only Xen puts into a line. */
const XENS = /\(XEN\)|\[VT-D\]/;

interface Match {
  readonly form: SpokenForm;
  readonly start: number;
  readonly end: number;
  readonly groups: Readonly<Record<string, string>>;
}

/** Finds all lines that a speaker is known to print, each with what it says; time grows with the text. */
export function* searchText({ lines, numbers }: Text): Generator<Sighting> {
  const words = formsByWord();
  for (const [i, line] of lines.entries()) {
    const candidates = new Set<SpokenForm>();
    for (const [word] of line.matchAll(/[A-Za-z0-9_]{2,40}/g)) {
      for (const form of words.get(word) ?? []) candidates.add(form);
    }
    if (candidates.size === 0) continue;
    const both = `${line}\n${lines[i + 1] ?? ''}`;
    for (const match of matchesIn(both, line, candidates)) {
      yield sightingOf(match, line, numbers[i] ?? 0);
    }
  }
}

/**
 * The matches that begin in a line; where some overlap, the one that begins first, the longest of those. What both
 * print alike is Linux's unless the line is marked as Xen's.
 */
function matchesIn(both: string, line: string, candidates: Iterable<SpokenForm>): Match[] {
  const isXens = XENS.test(line);
  const found: Match[] = [];
  for (const form of candidates) {
    if (isXens && form.speaker === 'Linux') continue;
    const match = form.pattern.exec(both);
    if (match === null || match.index > line.length) continue;
    const { 0: text, index: start, groups = {} } = match;
    found.push({ form, start, end: start + text.length, groups });
  }
  const xens = ({ form }: Match) => Number(form.speaker === 'Xen');
  found.sort((a, b) => xens(a) - xens(b) || a.start - b.start || b.end - a.end);
  const taken: Match[] = [];
  for (const match of found) {
    if (taken.every(({ start, end }) => match.end <= start || match.start >= end)) {
      taken.push(match);
    }
  }
  return taken.sort((a, b) => a.start - b.start);
}

const hexOf = (digits: string | undefined): bigint | null =>
  digits === undefined ? null : BigInt(`0x${digits.replace(/^0x/i, '')}`);

const deviceOf = (text: string | undefined): Sbdf | null =>
  text === undefined ? null : parseSbdf(text.replaceAll('0x', ''));

/** Hex behind 0x, else decimal, as Linux printed it up to 5.13; in hex whatever stands there, for Xen. */
function reasonOf({ reason, reasonHex }: Match['groups']): number | null {
  if (reasonHex !== undefined) return Number.parseInt(reasonHex, 16);
  if (reason === undefined) return null;
  const number = /^0x/i.test(reason) ? Number.parseInt(reason, 16) : Number.parseInt(reason, 10);
  return Number.isNaN(number) ? null : number;
}

function sightingOf({ form, groups }: Match, line: string, number: number): Sighting {
  const { base, limit, end } = groups;
  const exclusive = hexOf(end);
  const isRegion = base !== undefined;
  return {
    line: form.line,
    speaker: form.speaker,
    number,
    text: line.trim(),
    device: deviceOf(groups.device ?? groups.requester),
    base: hexOf(base),
    limit: isRegion ? (hexOf(limit) ?? (exclusive === null ? null : exclusive - 1n)) : null,
    address: hexOf(groups.address),
    reason: reasonOf(groups),
    values: groups,
  };
}
