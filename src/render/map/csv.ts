import type { RdmMapResult } from '../../xen/rdm-map.js';
import { csvLine } from '../basics/csv.js';
import { boundsOf } from './json.js';

/** Names of the columns, the map's JSON keys flattened. */
export const MAP_CSV_HEADING =
  'source,start_pfn,nr_pages,base,limit,rmrr_index,rmrr_offset,devices\n';

/**
 * The entries as CSV, a line each; devices are separated by blanks.
 *
 * @param path the source, to tell several apart
 */
export const mapToCsv = (path: string, { answer }: RdmMapResult): string =>
  (answer?.entries ?? [])
    .map(({ start_pfn, nr_pages, unit }) => {
      const { base, limit } = boundsOf(start_pfn, nr_pages);
      return csvLine([
        path,
        start_pfn,
        nr_pages,
        base,
        limit,
        unit.rmrr?.index ?? '',
        unit.rmrr?.offset ?? '',
        unit.devices.map(({ name }) => name).join(' '),
      ]);
    })
    .join('');
