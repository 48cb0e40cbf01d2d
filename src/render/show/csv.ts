import type { JsonFields } from '../../acpi/table-layout.js';
import { csvLine } from '../basics/csv.js';

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

/** Names of the columns. */
export const SHOW_CSV_HEADING = csvLine(['source', ...COLUMNS, 'devices']);

/**
 * A structure as a line of CSV; what it has no field for is empty, devices are separated by blanks.
 *
 * @param path the source, to tell several apart
 * @param structure in the shape of `structureToJson`
 */
export function structureToCsv(path: string, structure: JsonFields): string {
  const scopes = (structure.deviceScope ?? []) as readonly JsonFields[];
  const devices = scopes.map(({ device }) => device ?? '').join(' ');
  return csvLine([path, ...COLUMNS.map((key) => (structure[key] ?? '') as string), devices]);
}
