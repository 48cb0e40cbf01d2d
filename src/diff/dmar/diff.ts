import type { DmarTable } from '../../acpi/dmar/decode.js';
import type { DeviceScope } from '../../acpi/dmar/device-scope.js';
import { dmarHeader } from '../../acpi/dmar/header.js';
import type { Rmrr } from '../../acpi/dmar/rmrr.js';
import type { Structure } from '../../acpi/dmar/structures.js';
import { bytesToHex } from '../../base/hex.js';
import { compareHeaders, compareStructures, type Detail } from './details.js';
import { type KeyOf, type Matching, matchByKeys } from './match.js';
import { nameOf } from './names.js';

/** A table and the bytes it was decoded from. */
export interface TableBytes {
  readonly table: DmarTable;
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
  readonly what: 'header' | 'table' | 'structures' | 'trailing' | Structure['name'];
  /** What it is about, e.g. `RMRR 0xbf7e8000-0xbf7f7fff`; of a structure that moved, as it was. */
  readonly subject: string;
  /** Its place in the old and new table; null where it is not there. */
  readonly old: Place | null;
  readonly new: Place | null;
  /** Field by field; empty where a structure is all new or gone. */
  readonly details: readonly Detail[];
}

/**
 * In what two tables differ, whatever the order of their bytes: units, regions and other structures are
 * matched by what they are. Empty only where the tables are the same byte for byte. Takes n log n time.
 */
export function diffTables(old: TableBytes, now: TableBytes): Change[] {
  const { pairs, removed, added } = matchStructures(old, now);
  const changes = [
    ...headerChanges(old.table, now.table),
    ...pairs.flatMap(([before, after]) => structureChange(before, after)),
    ...removed.map((structure) => lone('removed', structure)),
    ...added.map((structure) => lone('added', structure)),
    ...orderChange(pairs),
    ...trailingChange(old.table, now.table),
  ];
  return changes;
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

function headerChanges(old: DmarTable, now: DmarTable): Change[] {
  const details = compareHeaders(old.header, now.header);
  const place = { offset: 0, length: dmarHeader.fixedLength };
  const change = (what: 'header' | 'table', subject: string, chosen: Detail[]): Change[] =>
    chosen.length === 0
      ? []
      : [{ kind: 'changed', what, subject, old: place, new: place, details: chosen }];
  return [
    ...change(
      'header',
      'header',
      details.filter(({ field }) => IDENTITY.has(field)),
    ),
    ...change(
      'table',
      'table',
      details.filter(({ field }) => !IDENTITY.has(field)),
    ),
  ];
}

/** A structure, with its bytes as text to compare it by. */
interface Placed {
  readonly structure: Structure;
  readonly content: string;
}

/** Keys by which a structure is the same in both tables, the surest first; null for other types. */
const KEYS: readonly KeyOf<Placed>[] = [
  ({ content }) => content,
  ({ structure: s }) => {
    switch (s.name) {
      case 'DRHD':
        return `DRHD ${s.segment} ${s.registerBaseAddress}`;
      case 'RMRR':
        return `RMRR ${s.segment} ${s.baseAddress} ${s.limitAddress}`;
      case 'RHSA':
        return `RHSA ${s.registerBaseAddress}`;
      case 'ANDD':
        return `ANDD ${s.acpiDeviceNumber}`;
      case 'unknown':
        return null;
      default:
        return `${s.name} ${s.segment} ${scopeKey(s.deviceScope)}`;
    }
  },
  ({ structure: s }) => {
    switch (s.name) {
      case 'RMRR':
        return s.deviceScope.length === 0 ? null : `RMRR ${s.segment} ${scopeKey(s.deviceScope)}`;
      case 'DRHD':
        return `DRHD ${s.segment} ${s.flags} ${scopeKey(s.deviceScope)}`;
      case 'RHSA':
        return `RHSA ${s.proximityDomain}`;
      case 'ANDD':
        return `ANDD ${s.acpiPath}`;
      case 'unknown':
        return `${s.type}`;
      default:
        return `${s.name} ${s.segment}`;
    }
  },
  // One that changed its segment and nothing else.
  ({ structure: s }) => {
    switch (s.name) {
      case 'DRHD':
        return `DRHD ${s.registerBaseAddress}`;
      case 'RMRR':
        return `RMRR ${s.baseAddress} ${s.limitAddress}`;
      case 'RHSA':
      case 'ANDD':
      case 'unknown':
        return null;
      default:
        return `${s.name} ${scopeKey(s.deviceScope)}`;
    }
  },
];

/** The devices of a scope, whatever their order. */
const scopeKey = (scope: readonly DeviceScope[]): string =>
  scope
    .map(({ type, enumerationId, startBusNumber, path }) =>
      [type, enumerationId, startBusNumber, ...path].join(),
    )
    .sort()
    .join(' ');

function matchStructures(old: TableBytes, now: TableBytes): Matching<Placed> {
  const byKeys = matchByKeys(placed(old), placed(now), KEYS);
  const overlapping = matchOverlapping(byKeys.removed, byKeys.added);
  const pairs = [...byKeys.pairs, ...overlapping.pairs].sort(
    ([a], [b]) => a.structure.offset - b.structure.offset,
  );
  return { ...overlapping, pairs };
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

/** Matches regions of a segment that overlap, in the order of their addresses. */
function matchOverlapping(olds: Placed[], news: Placed[]): Matching<Placed> {
  const pairs: [Placed, Placed][] = [];
  const [before, after] = [regionsOf(olds), regionsOf(news)];
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    const [a, b] = [before[i] as PlacedRmrr, after[j] as PlacedRmrr];
    if (overlap(a.structure, b.structure)) {
      pairs.push([a, b]);
      i++;
      j++;
    } else if (byAddress(a, b) < 0) i++;
    else j++;
  }
  const matched = new Set(pairs.flat());
  const left = (structures: Placed[]) => structures.filter((one) => !matched.has(one));
  return { pairs, removed: left(olds), added: left(news) };
}

type PlacedRmrr = Placed & { readonly structure: Rmrr };

const regionsOf = (structures: readonly Placed[]): PlacedRmrr[] =>
  structures.filter((one): one is PlacedRmrr => one.structure.name === 'RMRR').sort(byAddress);

const overlap = (a: Rmrr, b: Rmrr): boolean =>
  a.segment === b.segment && a.baseAddress <= b.limitAddress && b.baseAddress <= a.limitAddress;

const byAddress = ({ structure: a }: PlacedRmrr, { structure: b }: PlacedRmrr): number =>
  a.segment - b.segment ||
  (a.baseAddress < b.baseAddress ? -1 : a.baseAddress > b.baseAddress ? 1 : 0);

const placeOf = ({ offset, length }: Structure): Place => ({ offset, length });

const lone = (kind: 'added' | 'removed', { structure }: Placed): Change => ({
  kind,
  what: structure.name,
  subject: nameOf(structure),
  old: kind === 'removed' ? placeOf(structure) : null,
  new: kind === 'added' ? placeOf(structure) : null,
  details: [],
});

function structureChange(before: Placed, after: Placed): Change[] {
  if (before.content === after.content) return [];
  const [old, now] = [before.structure, after.structure];
  const details = compareStructures(old, now);
  return [
    {
      kind: hasMoved(old, now) ? 'moved' : 'changed',
      what: old.name,
      subject: nameOf(old),
      old: placeOf(old),
      new: placeOf(now),
      details,
    },
  ];
}

function hasMoved(old: Structure, now: Structure): boolean {
  if (old.name === 'DRHD' && now.name === 'DRHD') {
    return old.registerBaseAddress !== now.registerBaseAddress;
  }
  if (old.name !== 'RMRR' || now.name !== 'RMRR') return false;
  const size = (one: Rmrr) => one.limitAddress - one.baseAddress;
  return old.baseAddress !== now.baseAddress && size(old) === size(now);
}

/** Whether structures that are in both tables stand in another order. */
function orderChange(pairs: readonly [Placed, Placed][]): Change[] {
  const offsets = pairs.map(([, { structure }]) => structure.offset);
  if (offsets.every((offset, i) => i === 0 || (offsets[i - 1] as number) < offset)) return [];
  const none = { old: null, new: null, details: [] };
  return [{ kind: 'reordered', what: 'structures', subject: 'order of the structures', ...none }];
}

function trailingChange(old: DmarTable, now: DmarTable): Change[] {
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
