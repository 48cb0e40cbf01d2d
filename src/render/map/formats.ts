import type { MapAnswer } from '../../answers/map.js';
import type { Formats } from '../basics/format.js';

/** How the map is written down. */
export const MAP_FORMATS: Formats<MapAnswer> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
  ndjson: async () => (await import('./ndjson.js')).ndjson,
  csv: async () => (await import('./csv.js')).csv,
  raw: async () => (await import('./raw.js')).raw,
};
