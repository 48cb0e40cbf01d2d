import { tableToJson } from '../../acpi/tables.js';
import type { ShowAnswer } from '../../answers/show.js';
import type { Format } from '../basics/format.js';
import { FORMAT_VERSION, type JsonObject } from '../basics/json.js';
import { sourceToJson } from '../basics/source-json.js';

/** A table as JSON that `dmar build` makes the same bytes of: see the JSON Schema `show`. */
export const showToJson = ({
  source,
  table,
  diagnostics,
  resolve,
  notes,
}: ShowAnswer): JsonObject => ({
  source: sourceToJson(source),
  ...tableToJson(table, resolve),
  diagnostics: diagnostics.map((diagnostic) => ({ ...diagnostic })),
  notes,
  format_version: FORMAT_VERSION,
});

export const json: Format<ShowAnswer> = { document: showToJson };
