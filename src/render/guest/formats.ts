import type { GuestAnswer } from '../../answers/guest.js';
import type { Formats } from '../basics/format.js';

/** How a guest's layout is written down. */
export const GUEST_FORMATS: Formats<GuestAnswer> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
  ndjson: async () => (await import('./ndjson.js')).ndjson,
  csv: async () => (await import('./csv.js')).csv,
};
