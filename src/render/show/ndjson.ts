import { structureToJson } from '../../acpi/tables.js';
import type { ShowAnswer } from '../../answers/show.js';
import { asidesOf, type Format } from '../basics/format.js';
import { pathToJson, toJsonText } from '../basics/json.js';

/** A line of JSON for each structure, with the path of its source. */
export const ndjson: Format<ShowAnswer> = {
  *pieces({ source, table, resolve }) {
    for (const structure of table.structures) {
      yield toJsonText(
        {
          ...pathToJson(source.path, 'source'),
          ...structureToJson(table.kind, structure, resolve),
        },
        0,
      );
    }
  },
  asides: ({ notes, diagnostics }) => asidesOf(notes, diagnostics),
};
