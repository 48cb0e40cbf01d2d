import type { Source } from '../evidence/source.js';

/** What of a source is not there; null where it is whole. */
export function missingFrom(source: Source): object | null {
  const { completeness = 'whole' } = source as { completeness?: 'whole' | object };
  return completeness === 'whole' ? null : completeness;
}
