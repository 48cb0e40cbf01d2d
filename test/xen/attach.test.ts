import { describe, expect, test } from 'vitest';
import { parseSbdf, type Sbdf } from '../../src/base/sbdf.js';
import { attachDevices } from '../../src/xen/attach.js';
import { bootXen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { UNKNOWN_MACHINE } from '../../src/xen/machine.js';
import { findRelease, type Release } from '../../src/xen/releases.js';
import { tableOf } from '../support/tables.js';

const device = (text: string): Sbdf => parseSbdf(text) as Sbdf;
const USB = device('00:1d.0');
const NIC = device('02:00.0');

function boot(tables: { dmar?: Uint8Array; ivrs?: Uint8Array }, name: string) {
  const release = findRelease(name) as Release;
  return bootXen(tables, UNKNOWN_MACHINE, release, parseCmdline('', release));
}

const intel = (name: string, ...regions: [base: string, limit: string, ...devices: string[]][]) =>
  boot(
    {
      dmar: tableOf({
        structures: [
          { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed90000' },
          ...regions.map(([baseAddress, limitAddress, ...devices]) => ({
            name: 'RMRR',
            baseAddress,
            limitAddress,
            devices,
          })),
        ],
      }),
    },
    name,
  );

const strict = (...devices: Sbdf[]) => devices.map((one) => ({ device: one, relaxed: false }));
const RAM = [{ start: 0n, end: 0x8000_0000n }];

describe('on Intel', () => {
  test('a shared region: EPERM under strict, before anything is mapped', () => {
    const xen = intel('4.22.0', ['0x70000000', '0x70000fff', '0000:00:1d.0', '0000:00:14.0']);
    expect(attachDevices(xen, strict(USB), RAM)).toEqual({
      device: USB,
      errno: 'EPERM',
      rmrrBase: 0x7000_0000n,
      at: null,
    });
    expect(attachDevices(xen, [{ device: USB, relaxed: true }], RAM)).toBeNull();
  });

  test('a region in RAM: EBUSY under strict, at the first page that is taken', () => {
    const xen = intel('4.22.0', ['0x7fffe000', '0x80001fff', '0000:00:1d.0']);
    expect(attachDevices(xen, strict(USB), RAM)).toMatchObject({
      errno: 'EBUSY',
      at: 0x7fff_e000n,
    });
    expect(attachDevices(xen, [{ device: USB, relaxed: true }], RAM)).toBeNull();
    expect(attachDevices(xen, strict(USB), [])).toBeNull();
  });

  test("a limit at a page's start loses that page", () => {
    const xen = intel('4.22.0', ['0x80000000', '0x80001000', '0000:00:1d.0']);
    expect(
      attachDevices(xen, strict(USB), [{ start: 0x8000_1000n, end: 0x8000_2000n }]),
    ).toBeNull();
  });

  test.each([
    ['4.13.3', null],
    ['4.13.4', 'EADDRINUSE'],
    ['4.14.2', null],
    ['4.15.1', 'EADDRINUSE'],
    ['4.22.0', 'EADDRINUSE'],
  ])('%s: two regions that overlap without being equal', (name, errno) => {
    // Of one table Xen takes no overlapping regions: those of two are put together.
    const first = intel(name, ['0xb0000000', '0xb0001fff', '0000:00:1d.0']);
    const second = intel(name, ['0xb0001000', '0xb0002fff', '0000:02:00.0']);
    const xen = { ...first, units: [...first.units, ...second.units] };
    const failure = attachDevices(xen, strict(USB, NIC), RAM);
    expect(failure?.errno ?? null).toBe(errno);
    if (errno !== null) expect(failure).toMatchObject({ device: NIC, at: 0xb000_0000n });
  });
});

describe('on AMD', () => {
  const ivrs = (...maps: [device: string, startAddress: string, memoryLength: number][]) =>
    tableOf({
      header: { ivInfo: 0x203040 },
      structures: [
        {
          name: 'IVHD',
          type: '0x10',
          device: '00:00.2',
          capabilityOffset: 0x40,
          baseAddress: '0xfd200000',
          devices: [
            '00:01.0-ff:1f.6',
            { name: 'special device', handle: 33, variety: 1, sourceDevice: '00:14.0' },
          ],
        },
        ...maps.map(([one, startAddress, memoryLength]) => ({
          name: 'IVMD',
          device: one,
          flags: 7,
          startAddress,
          memoryLength,
        })),
      ],
    });

  test('a unity map in RAM: EBUSY under strict; sharing is no matter', () => {
    const xen = boot({ ivrs: ivrs(['00:1d.0', '0x70000000', 4096]) }, '4.22.0');
    expect({ off: xen.off, failure: xen.failure }).toEqual({ off: null, failure: null });
    expect(attachDevices(xen, strict(USB), RAM)).toEqual({
      device: USB,
      errno: 'EBUSY',
      rmrrBase: 0x7000_0000n,
      at: 0x7000_0000n,
    });
    expect(attachDevices(xen, [{ device: USB, relaxed: true }], RAM)).toBeNull();
    expect(attachDevices(xen, strict(NIC), RAM)).toBeNull();
  });
});
