import type { MapAnswer } from '../../answers/map.js';
import { csvLine } from '../basics/csv.js';
import type { Format } from '../basics/format.js';
import { mapAsides } from './asides.js';
import { boundsOf } from './json.js';

/** The entries as CSV, the keys of the map's JSON flattened; devices are separated by blanks. */
export const csv: Format<MapAnswer> = {
  heading: 'source,start_pfn,nr_pages,base,limit,rmrr_index,rmrr_offset,devices\n',
  pieces: ({ source, result }) =>
    (result.answer?.entries ?? []).map(({ start_pfn, nr_pages, unit }) => {
      const { base, limit } = boundsOf(start_pfn, nr_pages);
      return csvLine([
        source.path,
        start_pfn,
        nr_pages,
        base,
        limit,
        unit.rmrr?.index ?? '',
        unit.rmrr?.offset ?? '',
        unit.devices.map(({ name }) => name).join(' '),
      ]);
    }),
  asides: mapAsides,
};
