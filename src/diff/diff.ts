import type { DecodedTable, TableStructure } from '../acpi/table-layout.js';
import { layoutOfTable } from '../acpi/tables.js';
import { requireBytes } from '../base/arguments.js';
import { bytesToHex } from '../base/hex.js';
import { type Detail, DetailComparison } from './details.js';
import type { DiffForm, StructureRegion } from './form.js';
import { DIFF_FORMS } from './forms.js';
import { type Matching, matchByKeys } from './match.js';
import { structureName } from './names.js';

/** A table and the bytes it was decoded from. */
export interface TableBytes {
  readonly table: DecodedTable;
  readonly bytes: Uint8Array;
}

/** Where a structure stands. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Something in which two tables differ. */
export interface Change {
  /** `moved`: a region of the same size, or a unit, is elsewhere. `reordered`: no more than the order differs. */
  readonly kind: 'added' | 'removed' | 'moved' | 'changed' | 'reordered';
  /**
   * What changed: `header` is what tells tables apart and says nothing of the machine, `table` the rest of
   * the header, `structures` their order, `trailing` what follows them; else a structure's name.
   */
  readonly what: string;
  /** What it is about, e.g. `RMRR 0xbf7e8000-0xbf7f7fff`; of a structure that moved, as it was. */
  readonly subject: string;
  /** Its place in the old and new table; null where it is not there. */
  readonly old: Place | null;
  readonly new: Place | null;
  /** Field by field; empty where a structure is all new or gone. */
  readonly details: readonly Detail[];
}

/**
 * In what two tables of one kind differ, whatever the order of their bytes: units, regions and other
 * structures are matched by what they are. Empty only where the tables are the same byte for byte. Takes
 * n log n time.
 *
 * @throws TypeError where the tables are of two kinds
 */
export function diffTables(old: TableBytes, now: TableBytes): Change[] {
  requireBytes(old.bytes, 'old.bytes');
  requireBytes(now.bytes, 'now.bytes');
  const { kind } = now.table;
  if (old.table.kind !== kind) {
    throw new TypeError(
      `A table of kind ${old.table.kind} cannot be compared with one of ${kind}.`,
    );
  }
  return new Comparison(kind, DIFF_FORMS[kind]).changes(old, now);
}

/** Fields of the header that tell tables apart, and say nothing of the machine. */
const IDENTITY: ReadonlySet<string> = new Set([
  'signature',
  'length',
  'revision',
  'checksum',
  'oemId',
  'oemTableId',
  'oemRevision',
  'creatorId',
  'creatorRevision',
]);

/** A structure, with its bytes as text to compare it by. */
interface Placed {
  readonly structure: TableStructure;
  readonly content: string;
}

class Comparison {
  readonly #details: DetailComparison<TableStructure>;

  constructor(
    readonly kind: DecodedTable['kind'],
    readonly form: DiffForm,
  ) {
    this.#details = new DetailComparison(kind, form);
  }

  changes(old: TableBytes, now: TableBytes): Change[] {
    const { pairs, removed, added } = this.#match(old, now);
    return [
      ...this.#header(old.table, now.table),
      ...pairs.flatMap(([before, after]) => this.#structure(before, after)),
      ...removed.map((one) => this.#lone('removed', one)),
      ...added.map((one) => this.#lone('added', one)),
      ...orderChange(pairs),
      ...trailingChange(old.table, now.table),
    ];
  }

  #header(old: DecodedTable, now: DecodedTable): Change[] {
    const details = this.#details.headers(old, now);
    const place = { offset: 0, length: layoutOfTable(this.kind).header.fixedLength };
    const change = (what: 'header' | 'table', isIdentity: boolean): Change[] => {
      const chosen = details.filter(({ field }) => IDENTITY.has(field) === isIdentity);
      return chosen.length === 0
        ? []
        : [{ kind: 'changed', what, subject: what, old: place, new: place, details: chosen }];
    };
    return [...change('header', true), ...change('table', false)];
  }

  #match(old: TableBytes, now: TableBytes): Matching<Placed> {
    const byKeys = matchByKeys(placed(old), placed(now), [
      ({ content }) => content,
      ...this.form.keys.map((keyOf) => (one: Placed) => keyOf(one.structure)),
    ]);
    const overlapping = this.#matchOverlapping(byKeys.removed, byKeys.added);
    const pairs = [...byKeys.pairs, ...overlapping.pairs].sort(
      ([a], [b]) => a.structure.offset - b.structure.offset,
    );
    return { ...overlapping, pairs };
  }

  /** Matches regions of a segment that overlap, in the order of their addresses. */
  #matchOverlapping(olds: Placed[], news: Placed[]): Matching<Placed> {
    const pairs: [Placed, Placed][] = [];
    const [before, after] = [this.#regions(olds), this.#regions(news)];
    for (let i = 0, j = 0; i < before.length && j < after.length; ) {
      const [a, b] = [before[i] as PlacedRegion, after[j] as PlacedRegion];
      if (overlap(a, b)) {
        pairs.push([a.placed, b.placed]);
        i++;
        j++;
      } else if (byAddress(a, b) < 0) i++;
      else j++;
    }
    const matched = new Set(pairs.flat());
    const left = (structures: Placed[]) => structures.filter((one) => !matched.has(one));
    return { pairs, removed: left(olds), added: left(news) };
  }

  #regions(structures: readonly Placed[]): PlacedRegion[] {
    return structures
      .flatMap((one) => {
        const region = this.form.regionOf(one.structure);
        return region === null ? [] : [{ ...region, placed: one }];
      })
      .sort(byAddress);
  }

  #lone(kind: 'added' | 'removed', { structure }: Placed): Change {
    return {
      kind,
      what: structure.name,
      subject: structureName(this.kind, structure),
      old: kind === 'removed' ? placeOf(structure) : null,
      new: kind === 'added' ? placeOf(structure) : null,
      details: [],
    };
  }

  #structure(before: Placed, after: Placed): Change[] {
    if (before.content === after.content) return [];
    const [old, now] = [before.structure, after.structure];
    return [
      {
        kind: this.#hasMoved(old, now) ? 'moved' : 'changed',
        what: old.name,
        subject: structureName(this.kind, old),
        old: placeOf(old),
        new: placeOf(now),
        details: this.#details.structures(old, now),
      },
    ];
  }

  #hasMoved(old: TableStructure, now: TableStructure): boolean {
    const { regionOf, registersOf } = this.form;
    const [from, to] = [regionOf(old), regionOf(now)];
    if (from !== null && to !== null) {
      return from.base !== to.base && from.limit - from.base === to.limit - to.base;
    }
    const [before, after] = [registersOf(old), registersOf(now)];
    return before !== null && after !== null && before !== after;
  }
}

/** A table's structures with their bytes as text. */
function placed({ table, bytes }: TableBytes): Placed[] {
  const { structures, trailing } = table;
  const text = new TextDecoder('latin1');
  return structures.map((structure, index) => {
    const end = structures[index + 1]?.offset ?? bytes.length - trailing.length;
    return { structure, content: text.decode(bytes.subarray(structure.offset, end)) };
  });
}

interface PlacedRegion extends StructureRegion {
  readonly placed: Placed;
}

const overlap = (a: StructureRegion, b: StructureRegion): boolean =>
  a.segment === b.segment && a.base <= b.limit && b.base <= a.limit;

const byAddress = (a: StructureRegion, b: StructureRegion): number =>
  a.segment - b.segment || (a.base < b.base ? -1 : a.base > b.base ? 1 : 0);

const placeOf = ({ offset, length }: TableStructure): Place => ({ offset, length });

/** Whether structures that are in both tables stand in another order. */
function orderChange(pairs: readonly [Placed, Placed][]): Change[] {
  const offsets = pairs.map(([, { structure }]) => structure.offset);
  if (offsets.every((offset, i) => i === 0 || (offsets[i - 1] as number) < offset)) return [];
  const none = { old: null, new: null, details: [] };
  return [{ kind: 'reordered', what: 'structures', subject: 'order of the structures', ...none }];
}

function trailingChange(old: DecodedTable, now: DecodedTable): Change[] {
  const [before, after] = [bytesToHex(old.trailing), bytesToHex(now.trailing)];
  if (before === after) return [];
  const detail: Detail = {
    kind: 'changed',
    field: 'trailing',
    device: null,
    old: before,
    new: after,
  };
  const subject = 'bytes after the last structure';
  return [{ kind: 'changed', what: 'trailing', subject, old: null, new: null, details: [detail] }];
}
