import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { type Change, diffTables } from '../../../src/diff/diff.js';
import { corpusNote, corpusTables } from '../../support/corpus.js';
import { fixtures } from '../../support/fixtures.js';
import { mutated, tableOf } from '../../support/tables.js';

type Json = Record<string, unknown>;

function diff(old: Uint8Array, now: Uint8Array): Change[] {
  const [before, after] = [old, now].map((bytes) => ({ bytes, table: decodeDmar(bytes).table }));
  if (!before?.table || !after?.table) throw new Error('no table');
  return diffTables({ ...before, table: before.table }, { ...after, table: after.table });
}

/** Changes in words: kind, subject and fields, without the header's that follow from any change. */
const named = (changes: readonly Change[]): string[] =>
  changes
    .filter(({ what }) => what !== 'header')
    .map(({ kind, subject, details }) =>
      [
        kind,
        subject,
        ...details.map((one) =>
          one.kind === 'changed'
            ? `${one.device === null ? '' : `${one.device}: `}${one.field} ${one.old} ${one.new}`
            : `${one.kind} ${one.old ?? one.new}`,
        ),
      ].join('; '),
    );

const UNIT: Json = { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed91000' };
const GRAPHICS: Json = {
  ...UNIT,
  flags: 0,
  registerBaseAddress: '0xfed90000',
  devices: ['00:02.0'],
};
const region = (base: number, ...devices: unknown[]): Json => ({
  name: 'RMRR',
  baseAddress: base,
  limitAddress: base + 0xffff,
  devices: devices.length === 0 ? ['0000:00:1d.0'] : devices,
});
const between = (old: Json[], now: Json[], header: Json = {}): string[] =>
  named(diff(tableOf({ structures: old }), tableOf({ header, structures: now })));

describe('diff', () => {
  const usual = [GRAPHICS, UNIT, region(0x100000)];

  it('tells a region that moved from one that grew', () => {
    expect(between(usual, [GRAPHICS, UNIT, region(0x200000)])).toEqual([
      'moved; RMRR 0x100000-0x10ffff; baseAddress 0x0000000000100000 0x0000000000200000; limitAddress 0x000000000010ffff 0x000000000020ffff',
    ]);
    const grown = { ...region(0x100000), limitAddress: 0x11ffff };
    expect(between(usual, [GRAPHICS, UNIT, grown])).toEqual([
      'changed; RMRR 0x100000-0x10ffff; limitAddress 0x000000000010ffff 0x000000000011ffff',
    ]);
  });

  it('matches a region that overlaps, though its place and devices changed', () => {
    expect(between(usual, [GRAPHICS, UNIT, region(0x108000, '0000:00:1a.0')])).toHaveLength(1);
    expect(between(usual, [GRAPHICS, UNIT, region(0x110000, '0000:00:1a.0')])).toEqual([
      'removed; RMRR 0x100000-0x10ffff',
      'added; RMRR 0x110000-0x11ffff',
    ]);
  });

  it('tells of a region that went to another segment that alone', () => {
    const other = { ...region(0x100000, '0001:00:1d.0'), segment: 1 };
    expect(between(usual, [GRAPHICS, UNIT, other])).toEqual([
      'changed; RMRR 0x100000-0x10ffff; segment 0 1',
    ]);
  });

  it('does not match regions of different segments that only overlap', () => {
    const other = { ...region(0x101000, '0001:00:1d.0'), segment: 1 };
    expect(between(usual, [GRAPHICS, UNIT, other])).toEqual([
      'removed; RMRR 0x100000-0x10ffff',
      'added; RMRR 0x101000-0x110fff on segment 0001',
    ]);
  });

  it('names devices that were added, removed or renamed', () => {
    const apic = (enumerationId: number, device: string): Json => ({
      ...UNIT,
      devices: [{ type: 3, enumerationId, device }],
    });
    expect(between(usual, [GRAPHICS, UNIT, region(0x100000, '00:1d.0', '00:1a.0')])).toEqual([
      'changed; RMRR 0x100000-0x10ffff; added PCI endpoint 0000:00:1a.0',
    ]);
    expect(between([apic(2, 'f0:1f.0')], [apic(2, 'f0:1e.0')])).toEqual([
      'changed; DRHD 0xfed91000; I/O APIC 2, 0000:f0:1f.0: device 0000:f0:1f.0 0000:f0:1e.0',
    ]);
    expect(
      between([GRAPHICS], [{ ...GRAPHICS, devices: [{ type: 2, device: '00:02.0' }] }]),
    ).toEqual(['changed; DRHD 0xfed90000; PCI endpoint 0000:00:02.0: type 1 2']);
  });

  it('tells of the order of structures and of devices, where nothing else changed', () => {
    expect(between(usual, [UNIT, GRAPHICS, region(0x100000)])).toEqual([
      'reordered; order of the structures',
    ]);
    expect(between([region(0, '00:1d.0', '00:1a.0')], [region(0, '00:1a.0', '00:1d.0')])).toEqual([
      'changed; RMRR 0x0-0xffff; deviceScope PCI endpoint 0000:00:1d.0, PCI endpoint 0000:00:1a.0 PCI endpoint 0000:00:1a.0, PCI endpoint 0000:00:1d.0',
    ]);
  });

  it('names flags by their bits, and only reserved ones by the byte', () => {
    expect(between([UNIT], [{ ...UNIT, flags: 0 }])).toEqual([
      'changed; DRHD 0xfed91000; includePciAll true false',
    ]);
    expect(between([UNIT], [{ ...UNIT, flags: 3 }])).toEqual([
      'changed; DRHD 0xfed91000; flags 1 3',
    ]);
    expect(between([UNIT], [UNIT], { flags: 1, hostAddressWidth: 45 })).toEqual([
      'changed; table; hostAddressWidth 38 45; intrRemap false true',
    ]);
  });

  it('keeps apart what only tells tables apart', () => {
    const old = tableOf({ structures: usual });
    const now = tableOf({ header: { oemRevision: 2, oemTableId: 'OTHER' }, structures: usual });
    const changes = diff(old, now);
    expect(changes.map(({ what }) => what)).toEqual(['header']);
    expect(changes[0]?.details.map(({ field }) => field)).toEqual([
      'checksum',
      'oemTableId',
      'oemRevision',
    ]);
  });

  it('matches the other types by what they are about', () => {
    const rhsa = { name: 'RHSA', registerBaseAddress: '0xfed91000', proximityDomain: 1 };
    const andd = { name: 'ANDD', acpiDeviceNumber: 1, acpiPath: '\\_SB.A' };
    const satc = { name: 'SATC', devices: ['00:02.0'] };
    expect(between([rhsa], [{ ...rhsa, proximityDomain: 2 }])).toEqual([
      'changed; RHSA of the unit 0xfed91000; proximityDomain 1 2',
    ]);
    expect(between([andd], [{ ...andd, acpiPath: '\\_SB.LONGER' }])).toEqual([
      'changed; ANDD 1 \\_SB.A; acpiPath \\_SB.A \\_SB.LONGER',
    ]);
    expect(between([andd], [{ ...andd, acpiDeviceNumber: 2 }])).toEqual([
      'changed; ANDD 1 \\_SB.A; acpiDeviceNumber 1 2',
    ]);
    expect(between([satc], [{ ...satc, flags: 1 }])).toEqual([
      'changed; SATC; atcRequired false true',
    ]);
    const unknown = { name: 'unknown', type: 9, data: '00' };
    expect(between([unknown], [{ ...unknown, data: '01' }])).toEqual([
      'changed; structure of type 9; data 00 01',
    ]);
  });
});

/** Regions that do not overlap, each with a device of its own. */
const regions = fc
  .uniqueArray(fc.nat(200), { minLength: 2, maxLength: 12 })
  .map((slots) =>
    slots.map((slot) => region(slot * 0x100000, `0000:${(slot >> 3).toString(16)}:1d.${slot & 7}`)),
  );

type Mutation = (regions: Json[], i: number) => { now: Json[]; says: string };

const hex = (value: unknown) => `0x${Number(value).toString(16)}`;
const subject = ({ baseAddress, limitAddress }: Json) =>
  `RMRR ${hex(baseAddress)}-${hex(limitAddress)}`;
const FREE = 0x4000_0000;
const replaced = (all: Json[], i: number, changes: Json) =>
  all.map((one, at) => (at === i ? { ...one, ...changes } : one));

/** Mutations of the i-th of some regions, and what diff is to say of each. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  remove: (all, i) => ({
    now: all.filter((_, at) => at !== i),
    says: `removed; ${subject(all[i] as Json)}`,
  }),
  add: (all, i) => {
    const one = region(FREE, '0000:ff:00.0');
    return { now: [...all.slice(0, i), one, ...all.slice(i)], says: `added; ${subject(one)}` };
  },
  move: (all, i) => ({
    now: replaced(all, i, { baseAddress: FREE, limitAddress: FREE + 0xffff }),
    says: `moved; ${subject(all[i] as Json)}; `,
  }),
  'add a device': (all, i) => ({
    now: replaced(all, i, { devices: [...((all[i] as Json).devices as string[]), '0000:ff:00.0'] }),
    says: `changed; ${subject(all[i] as Json)}; added PCI endpoint 0000:ff:00.0`,
  }),
  reorder: (all) => ({ now: [...all].reverse(), says: 'reordered; order of the structures' }),
};

describe('mutated pairs', () => {
  it.each(Object.entries(MUTATIONS))(
    '%s: diff names the mutation and nothing else',
    (_, mutate) => {
      fc.assert(
        fc.property(regions, fc.nat(), (all, at) => {
          const { now, says } = mutate(all, at % all.length);
          const said = between([UNIT, ...all], [UNIT, ...now]);
          expect(said).toHaveLength(1);
          expect(said[0]?.startsWith(says)).toBe(true);
        }),
      );
    },
  );

  it('finds something exactly where bytes differ', () => {
    const tables = fixtures.map(({ bytes }) => bytes);
    fc.assert(
      fc.property(fc.constantFrom(...tables), mutated(tables), (old, now) => {
        fc.pre(decodeDmar(now).table !== null);
        const isSame = Buffer.compare(old, now) === 0;
        expect(diff(old, now).length === 0).toBe(isSame);
      }),
      { numRuns: 2000 },
    );
  });
});

describe.skipIf(corpusTables.length === 0)(`real tables${corpusNote}`, () => {
  it('do not differ from themselves', () => {
    for (const { bytes } of corpusTables) expect(diff(bytes, Uint8Array.from(bytes))).toEqual([]);
  });

  it('differ from each other, and the other way round by the same number of structures', () => {
    const [first, ...others] = corpusTables;
    for (const { bytes } of others) {
      const there = diff(first?.bytes as Uint8Array, bytes);
      const back = diff(bytes, first?.bytes as Uint8Array);
      const count = (changes: Change[], kind: string) =>
        changes.filter((one) => one.kind === kind).length;
      expect(there.length).toBeGreaterThan(0);
      expect(count(there, 'added')).toBe(count(back, 'removed'));
    }
  });
});
