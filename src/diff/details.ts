import type { Field } from '../acpi/layout.js';
import {
  type DecodedTable,
  type JsonFields,
  layoutOf,
  type TableLayout,
  type TableStructure,
} from '../acpi/table-layout.js';
import { layoutOfTable, structureToJson, tableToJson } from '../acpi/tables.js';
import type { DiffForm } from './form.js';
import { matchByKeys } from './match.js';

/** A value of a field as JSON has it. */
export type Value = JsonFields[string];

/** A field, or an entry of a list, in which two structures differ. */
export interface Detail {
  readonly kind: 'added' | 'removed' | 'changed';
  /** Name of the field as in JSON; `deviceScope` or `deviceEntries` for an entry that was added, removed or moved. */
  readonly field: string;
  /** The entry of the list that the field is of, e.g. `I/O APIC 2, 0000:f0:1f.0`; else null. */
  readonly device: string | null;
  /** As in JSON, an entry of a list by its name; null where there is none. */
  readonly old: Value;
  readonly new: Value;
}

/** Compares structures of one table by its layout. */
export class DetailComparison<S extends TableStructure> {
  readonly #layout: TableLayout;

  constructor(
    readonly kind: DecodedTable['kind'],
    readonly form: DiffForm<S>,
  ) {
    this.#layout = layoutOfTable(kind);
  }

  /** In what two headers differ. */
  headers(old: DecodedTable, now: DecodedTable): Detail[] {
    const [before, after] = [old, now].map(
      (table) => tableToJson({ ...table, structures: [] }).header,
    ) as [JsonFields, JsonFields];
    return this.#fields(before, after, this.#layout.header.fields);
  }

  /** In what two structures of one type differ; places in the table do not count. */
  structures(old: S, now: S): Detail[] {
    const { fields } = layoutOf(this.#layout, old);
    const list = fields.find(({ kind }) => kind === 'list');
    const [before, after] = [old, now].map((one) => structureToJson(this.kind, one)) as [
      JsonFields,
      JsonFields,
    ];
    // The devices are on their structure's segment: should that have changed, it is told once.
    const onSegment = 'segment' in old && 'segment' in now ? { ...now, segment: old.segment } : now;
    return withoutLength([
      ...this.#fields(before, after, fields),
      ...this.#lists(
        list,
        entriesOf(before, list),
        entriesOf(structureToJson(this.kind, onSegment), list),
      ),
    ]);
  }

  #fields(old: JsonFields, now: JsonFields, fields: readonly Field[]): Detail[] {
    const unnamed = new Map(fields.map((field) => [field.name, field.unnamed]));
    const lists = fields.filter(({ kind }) => kind === 'list').map(({ name }) => name);
    const differs = (field: string): boolean => {
      const [before = null, after = null] = [old[field], now[field]];
      const mask = unnamed.get(field);
      if (mask === undefined || before === null || after === null)
        return String(before) !== String(after);
      // Named parts of a flags field are fields of their own.
      return ((BigInt(before as number) ^ BigInt(after as number)) & BigInt(mask)) !== 0n;
    };
    return [...new Set([...Object.keys(old), ...Object.keys(now)])]
      .filter((field) => field !== 'offset' && field !== 'name' && !lists.includes(field))
      .filter((field) => differs(field) && !differs(this.form.toldBy[field] ?? ''))
      .map((field) => ({
        kind: 'changed',
        field,
        device: null,
        old: old[field] ?? null,
        new: now[field] ?? null,
      }));
  }

  #lists(
    list: Field | undefined,
    olds: readonly JsonFields[],
    news: readonly JsonFields[],
  ): Detail[] {
    if (list?.entries === undefined || JSON.stringify(olds) === JSON.stringify(news)) return [];
    const { entryKeys, entryName } = this.form;
    const { entries, name: field } = list;
    const { pairs, removed, added } = matchByKeys(olds, news, [
      (entry) => JSON.stringify(entry),
      ...entryKeys,
    ]);
    const details: Detail[] = pairs.flatMap(([old, now]) =>
      withoutLength(this.#fields(old, now, entries.layoutOf(old).fields)).map((detail) => ({
        ...detail,
        device: entryName(old),
      })),
    );
    const entry = { field, device: null };
    for (const old of removed) {
      details.push({ kind: 'removed', ...entry, old: entryName(old), new: null });
    }
    for (const now of added) {
      details.push({ kind: 'added', ...entry, old: null, new: entryName(now) });
    }
    if (details.length > 0) return details;
    // The order counts: Xen reports a region under its first device, and ranges are two entries.
    const [before, after] = [olds, news].map((all) => all.map(entryName).join(', '));
    return [{ kind: 'changed', ...entry, old: before ?? null, new: after ?? null }];
  }
}

/** The entries of a structure's list, without their places. */
const entriesOf = (structure: JsonFields, list: Field | undefined): JsonFields[] =>
  ((structure[list?.name ?? ''] ?? []) as readonly JsonFields[]).map(
    ({ offset: _, ...entry }) => entry,
  );

/** A length that differs is worth a word only where nothing else does. */
const withoutLength = (details: Detail[]): Detail[] =>
  details.length === 1 ? details : details.filter(({ field }) => field !== 'length');
