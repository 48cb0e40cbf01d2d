import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareGuests } from '../../src/diff/guests.js';
import { bootXen, type Xen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { UNKNOWN_MACHINE } from '../../src/xen/machine.js';
import { newestRelease } from '../../src/xen/releases.js';
import { tableOf } from '../support/tables.js';

/** A hypervisor with regions of [first frame, number of frames]. */
function xenWith(regions: readonly (readonly [number, number])[]): Xen {
  const structures = regions.map(([first, count]) => ({
    name: 'RMRR',
    baseAddress: first * 4096,
    limitAddress: (first + count) * 4096 - 1,
    devices: ['0000:00:1d.0'],
  }));
  const unit = { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed91000' };
  const bytes = tableOf({ structures: [unit, ...structures] });
  const release = newestRelease();
  return bootXen({ dmar: bytes }, UNKNOWN_MACHINE, release, parseCmdline('', release));
}

/** Regions in slots of 8 frames, so that they never overlap, each beginning and ending anywhere in its slot. */
const regions = fc
  .uniqueArray(fc.tuple(fc.nat(9), fc.nat(7), fc.integer({ min: 1, max: 8 })), {
    selector: ([slot]) => slot,
  })
  .map((all) =>
    all.map(([slot, skip, count]) => [slot * 8 + skip, Math.min(count, 8 - skip)] as const),
  );

const framesOf = (all: readonly { start: bigint; end: bigint }[]): number[] =>
  all.flatMap(({ start, end }) =>
    Array.from({ length: Number(end - start) }, (_, i) => Number(start) + i),
  );

it('frames newly reserved and freed are those that one map has and the other has not', () => {
  fc.assert(
    fc.property(regions, regions, (old, now) => {
      const flat = (all: readonly (readonly [number, number])[]) =>
        framesOf(all.map(([first, n]) => ({ start: BigInt(first), end: BigInt(first + n) })));
      const [before, after] = [new Set(flat(old)), new Set(flat(now))];
      const change = compareGuests(xenWith(old), xenWith(now));
      const ascending = (frames: Iterable<number>) => [...frames].sort((a, b) => a - b);
      expect(framesOf(change.reserved)).toEqual(
        ascending([...after].filter((frame) => !before.has(frame))),
      );
      expect(framesOf(change.freed)).toEqual(
        ascending([...before].filter((frame) => !after.has(frame))),
      );
    }),
  );
});

it('a table that Xen refuses frees all frames, since no guest is told of any', () => {
  const change = compareGuests(
    xenWith([[8, 2]]),
    xenWith([
      [8, 2],
      [9, 2],
    ]),
  );
  expect(change.vtd).toEqual({ old: true, new: false });
  expect(change.freed).toEqual([{ start: 8n, end: 10n, devices: ['0000:00:1d.0'] }]);
  expect(change.reserved).toEqual([]);
});
