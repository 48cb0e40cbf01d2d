import type { JsonFields } from '../../acpi/table-layout.js';
import { structureToJson } from '../../acpi/tables.js';
import type { ShowAnswer } from '../../answers/show.js';
import { csvFormat } from '../basics/csv.js';
import { asidesOf } from '../basics/format.js';

/** Keys of a structure's JSON that are columns. */
const KEYS = [
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

interface Row {
  readonly path: string;
  readonly structure: JsonFields;
}

/** The structures as CSV, a line each; what one has no field for is empty, devices are separated by blanks. */
export const csv = csvFormat<ShowAnswer, Row>({
  *rows({ source, table, resolve }) {
    for (const structure of table.structures) {
      yield { path: source.path, structure: structureToJson(table.kind, structure, resolve) };
    }
  },
  columns: {
    source: ({ path }) => path,
    ...Object.fromEntries(
      KEYS.map((key) => [key, ({ structure }: Row) => structure[key] as string | number]),
    ),
    devices: ({ structure }) =>
      ((structure.deviceScope ?? []) as readonly JsonFields[])
        .map(({ device }) => device ?? '')
        .join(' '),
  },
  asides: ({ notes, diagnostics }) => asidesOf(notes, diagnostics),
});
