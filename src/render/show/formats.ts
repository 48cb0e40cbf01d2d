import type { ShowAnswer } from '../../answers/show.js';
import type { Formats } from '../basics/format.js';

/** How a table's fields are written down. */
export const SHOW_FORMATS: Formats<ShowAnswer> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
  ndjson: async () => (await import('./ndjson.js')).ndjson,
  csv: async () => (await import('./csv.js')).csv,
};
