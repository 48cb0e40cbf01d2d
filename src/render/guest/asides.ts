import type { GuestAnswer } from '../../answers/guest.js';
import { type Aside, asidesOf } from '../basics/format.js';
import { explainNote, explainVerdict } from './words.js';

/** What a list of regions has no room for: why there is no guest, and what is dubious. */
export function guestAsides(answer: GuestAnswer): Aside[] {
  const { refusal, sourceNotes, notes, diagnostics } = answer;
  const refused =
    refusal === null ? [] : [{ message: explainVerdict(answer), loud: true } as const];
  const explained = notes.map((note) => explainNote(note, answer));
  return [...refused, ...asidesOf(sourceNotes, [...explained, ...diagnostics])];
}
