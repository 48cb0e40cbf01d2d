import type { ExplainAnswer } from '../../answers/explain.js';
import type { Formats } from '../basics/format.js';

/** How explanations are written down. */
export const EXPLAIN_FORMATS: Formats<ExplainAnswer> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
};
