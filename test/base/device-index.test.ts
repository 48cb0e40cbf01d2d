import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeviceIndex } from '../../src/base/device-index.js';
import { sbdfOf } from '../../src/base/sbdf.js';

const id = fc.integer({ min: 0, max: 0xffff });
const span = fc.record({ segment: fc.integer({ min: 0, max: 1 }), first: id, last: id });

test('a device has what looking at every span finds, in the order it was added', () => {
  fc.assert(
    fc.property(fc.array(span), fc.integer({ min: 0, max: 1 }), id, (spans, segment, device) => {
      const index = new DeviceIndex<number>();
      for (const [i, one] of spans.entries()) index.add(one, i);
      const asked = [device, ...spans.flatMap(({ first, last }) => [first, last])];
      for (const one of asked) {
        const all = spans.flatMap((span, i) =>
          span.segment === segment && span.first <= one && one <= span.last ? [i] : [],
        );
        expect(index.at(sbdfOf(segment, one))).toEqual(all);
      }
    }),
  );
});

test('what is for a device by several spans is found once', () => {
  const index = new DeviceIndex<string>();
  for (const span of [
    { segment: 0, first: 0x08, last: 0x0f },
    { segment: 0, first: 0x0a, last: 0x100 },
  ])
    index.add(span, 'region');
  expect(index.at(sbdfOf(0, 0x0b))).toEqual(['region']);
});
