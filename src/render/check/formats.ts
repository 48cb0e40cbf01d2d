import type { CheckAnswer } from '../../answers/check.js';
import type { Formats } from '../basics/format.js';

/** How what is wrong with tables is written down. */
export const CHECK_FORMATS: Formats<CheckAnswer> = {
  table: async () => (await import('./table.js')).table,
  json: async () => (await import('./json.js')).json,
  ndjson: async () => (await import('./ndjson.js')).ndjson,
  sarif: async () => (await import('./sarif.js')).sarif,
  github: async () => (await import('./github.js')).github,
  junit: async () => (await import('./junit.js')).junit,
  markdown: async () => (await import('./markdown.js')).markdown,
};
