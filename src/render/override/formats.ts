import type { OverrideAnswer } from '../../answers/override.js';
import type { Formats } from '../basics/format.js';

/** How a changed table, and what comes of it, is written down. */
export const OVERRIDE_FORMATS: Formats<OverrideAnswer> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
};
