import { scopeTypeName } from '../../acpi/dmar/device-scope.js';
import { DMAR } from '../../acpi/dmar/dmar.js';
import { type DmarHeader, dmarHeader } from '../../acpi/dmar/header.js';
import type { Structure } from '../../acpi/dmar/structures.js';
import { type Field, NO_BYTES, namedBits } from '../../acpi/layout.js';
import { type JsonFields, layoutOf } from '../../acpi/table-layout.js';
import { structureToJson, tableToJson } from '../../acpi/tables.js';
import { matchByKeys } from './match.js';

/** A value of a field as JSON has it. */
export type Value = JsonFields[string];

/** A field, or an entry of a device scope, in which two structures differ. */
export interface Detail {
  readonly kind: 'added' | 'removed' | 'changed';
  /** Name of the field as in JSON; `deviceScope` for an entry that was added, removed or moved. */
  readonly field: string;
  /** The entry of the device scope that the field is of, e.g. `I/O APIC 2, 0000:f0:1f.0`; else null. */
  readonly device: string | null;
  /** As in JSON, an entry of a device scope by its name; null where there is none. */
  readonly old: Value;
  readonly new: Value;
}

/** In what two structures of one type differ; places in the table do not count. */
export function compareStructures(old: Structure, now: Structure): Detail[] {
  const { fields } = layoutOf(DMAR, old);
  const [before, after] = [structureToJson('DMAR', old), structureToJson('DMAR', now)];
  // The devices are on their structure's segment: should that have changed, it is told once.
  const onSegment = 'segment' in old && 'segment' in now ? { ...now, segment: old.segment } : now;
  return withoutLength([
    ...compareFields(before, after, fields),
    ...compareScopes(entriesOf(before), entriesOf(structureToJson('DMAR', onSegment as Structure))),
  ]);
}

/** In what two headers differ. */
export const compareHeaders = (old: DmarHeader, now: DmarHeader): Detail[] => {
  const [before, after] = [old, now].map(
    (header) => tableToJson({ kind: 'DMAR', header, structures: [], trailing: NO_BYTES }).header,
  ) as [JsonFields, JsonFields];
  return compareFields(before, after, dmarHeader.fields);
};

/** The entries of a device scope, without their places. */
const entriesOf = ({ deviceScope = [] }: JsonFields): JsonFields[] =>
  (deviceScope as readonly JsonFields[]).map(({ offset: _, ...entry }) => entry);

/** Fields whose difference says nothing, or is told by another: a path by its device, a name by its type. */
const TOLD_ELSEWHERE = ['offset', 'name', 'deviceScope', 'startBusNumber', 'path'];

function compareFields(old: JsonFields, now: JsonFields, fields: readonly Field[] = []): Detail[] {
  const named = namedBits(fields.find(({ flags }) => flags !== undefined)?.flags ?? {});
  const details: Detail[] = [];
  for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (TOLD_ELSEWHERE.includes(field)) continue;
    const [before = null, after = null] = [old[field], now[field]];
    // Named bits of a flags byte are fields of their own.
    const same =
      field === 'flags'
        ? ((BigInt(before as number) ^ BigInt(after as number)) & ~named) === 0n
        : before === after;
    if (!same) details.push({ kind: 'changed', field, device: null, old: before, new: after });
  }
  return details;
}

/** A length that differs is worth a word only where nothing else does. */
const withoutLength = (details: Detail[]): Detail[] =>
  details.length === 1 ? details : details.filter(({ field }) => field !== 'length');

/** What an entry of a device scope names, e.g. `PCI endpoint 0000:00:1d.0`, `I/O APIC 2, 0000:f0:1f.0`. */
function entryName({ type, name, enumerationId, device }: JsonFields): string {
  const kind = name === scopeTypeName(0) ? `type ${type}` : String(name);
  const isPci = type === 1 || type === 2;
  return isPci ? `${kind} ${device}` : `${kind} ${enumerationId}, ${device}`;
}

function compareScopes(olds: readonly JsonFields[], news: readonly JsonFields[]): Detail[] {
  if (JSON.stringify(olds) === JSON.stringify(news)) return [];
  const { pairs, removed, added } = matchByKeys(olds, news, [
    (entry) => JSON.stringify(entry),
    (entry) => `${entry.type} ${entry.enumerationId} ${entry.device}`,
    ({ type, device }) => (type === 1 || type === 2 ? `${device}` : null),
    ({ type, enumerationId }) => (type === 1 || type === 2 ? null : `${type} ${enumerationId}`),
  ]);
  const details: Detail[] = pairs.flatMap(([old, now]) =>
    withoutLength(compareFields(old, now)).map((detail) => ({ ...detail, device: entryName(old) })),
  );
  const entry = { field: 'deviceScope', device: null };
  for (const old of removed) {
    details.push({ kind: 'removed', ...entry, old: entryName(old), new: null });
  }
  for (const now of added) {
    details.push({ kind: 'added', ...entry, old: null, new: entryName(now) });
  }
  return details.length > 0 ? details : [reordered(olds, news)];
}

/** Xen reports a region under its first device, so the order counts. */
const reordered = (olds: readonly JsonFields[], news: readonly JsonFields[]): Detail => ({
  kind: 'changed',
  field: 'deviceScope',
  device: null,
  old: olds.map(entryName).join(', '),
  new: news.map(entryName).join(', '),
});
