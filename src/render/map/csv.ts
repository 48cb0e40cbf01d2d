import type { MapAnswer } from '../../answers/map.js';
import type { Answer } from '../../xen/hypercall/hypercall.js';
import { csvFormat } from '../basics/csv.js';
import { mapAsides } from './asides.js';
import { boundsOf } from './json.js';

/** A line: an entry; or, where there is none, that VT-d is off. */
interface Row {
  readonly path: string;
  readonly vtd: string;
  readonly entry: Answer['entries'][number] | null;
}

/** Without entries since VT-d is off, a table has a line that says so: it is not one that has no regions. */
function rowsOf(answer: MapAnswer): Row[] {
  const { path } = answer.source;
  const { vtd } = answer;
  const entries = answer.result.answer?.entries ?? [];
  if (entries.length === 0 && vtd !== 'enabled') return [{ path, vtd, entry: null }];
  return entries.map((entry) => ({ path, vtd, entry }));
}

const boundsIn = ({ entry }: Row) => entry && boundsOf(entry.start_pfn, entry.nr_pages);

const tableOf = ({ entry }: Row) => {
  const origin = entry?.unit.origin ?? null;
  return origin && 'table' in origin ? origin : null;
};

/** The entries as CSV, the keys of the map's JSON flattened; devices are separated by blanks. */
export const csv = csvFormat<MapAnswer, Row>({
  rows: rowsOf,
  columns: {
    source: ({ path }) => path,
    start_pfn: ({ entry }) => entry?.start_pfn,
    nr_pages: ({ entry }) => entry?.nr_pages,
    base: (row) => boundsIn(row)?.base,
    limit: (row) => boundsIn(row)?.limit,
    rmrr_index: ({ entry }) => entry?.unit.rmrr?.index,
    rmrr_offset: ({ entry }) => entry?.unit.rmrr?.offset,
    devices: ({ entry }) => entry?.unit.devices.map(({ name }) => name).join(' '),
    origin_table: (row) => tableOf(row)?.table,
    origin_structure: (row) => tableOf(row)?.structure,
    origin_index: (row) => tableOf(row)?.index,
    origin_offset: (row) => tableOf(row)?.offset,
    vtd: ({ vtd }) => vtd,
  },
  asides: mapAsides,
});
