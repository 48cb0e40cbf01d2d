import { dmarHeader } from '../acpi/dmar/header.js';
import { mergeFacts } from './logs/facts.js';
import type { Log, LogRegion, Loss } from './logs/log.js';
import { type Completeness, completenessOf, type LogSource, type Source } from './source.js';

/**
 * Puts together sources that are one machine's evidence: a table and texts that name the same table or none, or
 * texts of several kinds. Several tables are several machines, and so are several logs of one kind.
 *
 * @returns the sources, in their order, each with what belongs to it
 */
export function combine(sources: readonly Source[]): Source[] {
  const tables = sources.filter((source) => source.kind === 'table');
  const texts = sources.filter((source): source is LogSource => source.kind !== 'table');
  if (tables.length > 1 || texts.length === 0 || sources.length === 1) return [...sources];
  const tellers = texts.filter(({ log }) => tells(log));
  const kinds = new Set(tellers.map(({ kind }) => kind));
  if (kinds.size < tellers.length) return [...sources];
  const [table] = tables;
  if (table === undefined) return [joined(texts)];
  if (!texts.every(({ log }) => fits(log, table.bytes))) return [...sources];
  const logs = [...(table.log === null ? [] : [table.log]), ...texts.map(({ log }) => log)];
  return [{ ...table, log: logs.reduce(mergeLogs), notes: [...table.notes, ...notesOf(texts)] }];
}

/** Whether a text tells of regions or units itself, rather than of the machine they are on. */
const tells = ({ regions, units, table }: Log): boolean =>
  regions.length + units.length > 0 || table !== null;

const notesOf = (texts: readonly LogSource[]): string[] => texts.flatMap(({ notes }) => notes);

/** Whether a log can be of the machine with a table: its length where it is announced, and each region in it. */
function fits({ table, regions }: Log, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(dmarHeader.at.length, true);
  if (table !== null && table.signature === 'DMAR' && table.length !== length) return false;
  const words = new Set<bigint>();
  for (let at = dmarHeader.fixedLength; at + 8 <= bytes.length; at++) {
    words.add(view.getBigUint64(at, true));
  }
  return regions.every(({ base, limit }) => words.has(base) && words.has(limit));
}

/** Texts as one: the first that tells of regions gives the name and the kind. */
function joined(texts: readonly LogSource[]): LogSource {
  const first = texts.find(({ log }) => log.regions.length > 0) ?? texts[0];
  const lead = first as LogSource;
  const log = [lead, ...texts.filter((text) => text !== lead)]
    .map((text) => text.log)
    .reduce(mergeLogs);
  const { regions, units, losses } = log;
  const completeness: Completeness = completenessOf(losses);
  return { ...lead, log, regions, units, completeness, notes: notesOf(texts) };
}

function mergeLogs(one: Log, other: Log): Log {
  const regions = mergeRegions(one.regions, other.regions);
  const losses = [...one.losses, ...other.losses];
  const named = regions.length + one.ignored.length + other.ignored.length > 0;
  const none = one.provesNone || other.provesNone;
  return {
    kind: one.kind,
    sightings: [...one.sightings, ...other.sightings],
    regions,
    ignored: mergeRegions(one.ignored, other.ignored),
    units: [...new Map([...one.units, ...other.units].map((unit) => [unit.base, unit])).values()],
    table: one.table ?? other.table,
    provesNone: none,
    vtd: one.vtd ?? other.vtd,
    remapping: one.remapping ?? other.remapping,
    losses: distinct(losses).filter(({ code }) => code !== 'no-region-named' || !(named || none)),
    facts: mergeFacts(one.facts, other.facts),
    notes: [...one.notes, ...other.notes],
  };
}

const distinct = (losses: readonly Loss[]): Loss[] =>
  losses.filter(
    ({ code }, i) =>
      code !== 'no-region-named' || losses.findIndex((loss) => loss.code === code) === i,
  );

/** Each region once, with the devices that any text names for it. */
function mergeRegions(one: readonly LogRegion[], other: readonly LogRegion[]): LogRegion[] {
  const merged = new Map<string, LogRegion>();
  for (const region of [...one, ...other]) {
    const key = `${region.base}-${region.limit}`;
    const known = merged.get(key);
    merged.set(
      key,
      known === undefined ? region : { ...known, devices: known.devices ?? region.devices },
    );
  }
  return [...merged.values()];
}
