import type { DevicesAnswer } from '../../answers/devices.js';
import type { Formats } from '../basics/format.js';

/** How devices and their verdicts are written down. */
export const DEVICES_FORMATS: Formats<DevicesAnswer> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
  ndjson: async () => (await import('./ndjson.js')).ndjson,
  csv: async () => (await import('./csv.js')).csv,
};
