import type { JsonFields } from '../../acpi/table-layout.js';
import { structureToJson } from '../../acpi/tables.js';
import type { ShowAnswer } from '../../answers/show.js';
import { csvLine } from '../basics/csv.js';
import { asidesOf, type Format } from '../basics/format.js';

/** Keys of a structure's JSON that are columns. */
const COLUMNS = [
  'offset',
  'type',
  'name',
  'length',
  'segment',
  'flags',
  'registerBaseAddress',
  'baseAddress',
  'limitAddress',
] as const;

/**
 * The structures as CSV, a line each; what one has no field for is empty, devices are separated by blanks.
 */
export const csv: Format<ShowAnswer> = {
  heading: csvLine(['source', ...COLUMNS, 'devices']),
  *pieces({ source, table, resolve }) {
    for (const structure of table.structures) {
      yield lineOf(source.path, structureToJson(table.kind, structure, resolve));
    }
  },
  asides: ({ notes, diagnostics }) => asidesOf(notes, diagnostics),
};

function lineOf(path: string, structure: JsonFields): string {
  const scopes = (structure.deviceScope ?? []) as readonly JsonFields[];
  const devices = scopes.map(({ device }) => device ?? '').join(' ');
  return csvLine([path, ...COLUMNS.map((key) => (structure[key] ?? '') as string), devices]);
}
