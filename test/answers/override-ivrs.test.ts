import { describe, expect, it } from 'vitest';
import { byteSum } from '../../src/acpi/sdt.js';
import { decodeTable } from '../../src/acpi/tables.js';
import { answerOverride, type OverrideOptions } from '../../src/answers/override.js';
import { parseSbdf, type Sbdf } from '../../src/base/sbdf.js';
import { evidenceOf } from '../support/evidence.js';
import { type HostDescription, hostFiles } from '../support/host-tree.js';
import { tableOf } from '../support/tables.js';

const HOST: HostDescription = {
  linux: '6.8.0',
  pci: [
    { bdf: '0000:00:01.0', class: '0x020000' },
    { bdf: '0000:00:02.0', class: '0x020000' },
    { bdf: '0000:00:03.0', class: '0x0c0330' },
  ],
};
const unity = (type: number, deviceId: number, auxiliaryData = 0) => ({
  ...{ name: 'IVMD', type, flags: 7, deviceId, auxiliaryData },
  ...{ startAddress: '0xbf000000', memoryLength: '0x1000' },
});
const tableWith = (...blocks: object[]) => ({
  header: { signature: 'IVRS', oemRevision: 1 },
  structures: [
    {
      ...{ name: 'IVHD', type: 0x10, deviceId: 2, capabilityOffset: 64 },
      ...{ baseAddress: '0xfeb80000', deviceEntries: [{ type: 1, deviceId: 0 }] },
    },
    ...blocks,
  ],
});

const bdf = (text: string) => parseSbdf(text) as Sbdf;

/** Type, first and last device of the new table's IVMDs. */
function ivmdsAfter(json: object, options: OverrideOptions): number[][] {
  const { bytes } = answerOverride(evidenceOf(tableOf(json), hostFiles(HOST)), options, () => '');
  expect(byteSum(bytes)).toBe(0);
  const { table, diagnostics } = decodeTable(bytes);
  expect(diagnostics).toEqual([]);
  expect(table?.header).toMatchObject({ signature: 'IVRS', oemRevision: 2, length: bytes.length });
  return (table?.structures ?? []).flatMap((block) =>
    block.name === 'IVMD' ? [[block.type, block.deviceId, block.auxiliaryData]] : [],
  );
}

describe('a changed IVRS table', () => {
  it('has no block any more for a device that was alone in it', () => {
    const json = tableWith(unity(0x21, 0x10), unity(0x21, 0x18));
    expect(ivmdsAfter(json, { dropDevice: [bdf('00:02.0')] })).toEqual([[0x21, 0x18, 0]]);
  });

  it('has a range in two without a device of it', () => {
    const json = tableWith(unity(0x22, 0x08, 0xff));
    expect(ivmdsAfter(json, { dropDevice: [bdf('00:02.0')] })).toEqual([
      [0x22, 0x08, 0x0f],
      [0x22, 0x11, 0xff],
    ]);
  });

  it('has ranges in place of a block for all devices', () => {
    expect(ivmdsAfter(tableWith(unity(0x20, 0)), { dropDevice: [bdf('00:00.1')] })).toEqual([
      [0x21, 0, 0],
      [0x22, 2, 0xffff],
    ]);
  });

  it('frees the device on Linux', () => {
    const evidence = evidenceOf(tableOf(tableWith(unity(0x22, 0x08, 0xff))), hostFiles(HOST));
    const { outcomes, needsConsent, edits } = answerOverride(
      evidence,
      { dropDevice: [bdf('00:02.0')] },
      () => '',
    );
    expect(edits).toMatchObject([{ action: 'drop-device', index: 0, base: 0xbf000000n }]);
    expect(
      outcomes.map(({ before, after }) => [before.linux.verdict, after?.linux.verdict]),
    ).toEqual([['blocked', 'ok']]);
    expect(needsConsent).toBe(true);
  });

  it('has no region that was dropped, and new ones', () => {
    const json = tableWith(unity(0x21, 0x10));
    expect(
      ivmdsAfter(json, {
        dropRegion: [0xbf000fffn],
        addRmrr: [{ base: 0xbf001000n, limit: 0xbf001fffn, devices: [bdf('00:03.0')] }],
      }),
    ).toEqual([[0x21, 0x18, 0]]);
  });
});
