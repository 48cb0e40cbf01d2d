import type { DiffAnswer } from '../../answers/diff.js';
import type { Formats } from '../basics/format.js';

/** How the difference of two tables is written down. */
export const DIFF_FORMATS: Formats<DiffAnswer> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
  markdown: async () => (await import('./markdown.js')).markdown,
};
