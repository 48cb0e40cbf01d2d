import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../src/acpi/dmar/decode.js';
import { byteSum } from '../../src/acpi/sdt.js';
import { answerOverride, type OverrideOptions } from '../../src/answers/override.js';
import { Failure } from '../../src/base/failure.js';
import { formatSbdf, parseSbdf, type Sbdf } from '../../src/base/sbdf.js';
import { evidenceOf } from '../support/evidence.js';
import { type HostDescription, hostFiles } from '../support/host-tree.js';
import { tableOf } from '../support/tables.js';

const UNIT = { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed90000' };
const region = (base: number, limit: number, devices: unknown[]) => ({
  name: 'RMRR',
  baseAddress: base,
  limitAddress: limit,
  devices,
});

const HOST: HostDescription = {
  linux: '6.8.0',
  pci: [
    { bdf: '0000:00:02.0', class: '0x030000' },
    { bdf: '0000:00:1c.0', class: '0x060400', hdr: '0x01', pri: '0x00', sec: '0x01', sub: '0x01' },
    { bdf: '0000:00:1d.0', class: '0x0c0320' },
    { bdf: '0000:01:00.0', class: '0x010400' },
    { bdf: '0000:01:00.1', class: '0x020000' },
  ],
  iommuGroups: {
    0: { devices: ['0000:00:02.0'], reserved: [] },
    1: { devices: ['0000:00:1d.0'], reserved: [] },
    2: {
      devices: ['0000:01:00.0'],
      reserved: ['0x00000000bf000000 0x00000000bf000fff direct'],
    },
    3: { devices: ['0000:01:00.1'], reserved: [] },
  },
};
const TABLE = {
  header: { oemId: 'HPE', oemTableId: 'PROLIANT', oemRevision: 4 },
  structures: [
    UNIT,
    region(0xbf000000, 0xbf000fff, ['0000:01:00.0', '0000:01:00.1', '0000:00:1d.0']),
    region(0xbf001000, 0xbf001fff, ['0000:00:02.0']),
    { name: 'ATSR', flags: 1 },
  ],
};

const evidence = (json: object, host: HostDescription | null = HOST) =>
  evidenceOf(tableOf(json), host && hostFiles(host));
const bdf = (text: string) => parseSbdf(text) as Sbdf;
const override = (
  options: OverrideOptions,
  json: object = TABLE,
  host = HOST as HostDescription | null,
) => answerOverride(evidence(json, host), options, () => 'digest');
const rmrrs = (bytes: Uint8Array) =>
  decodeDmar(bytes).table?.structures.filter((structure) => structure.name === 'RMRR') ?? [];
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Failure).code;
  }
  return 'none';
};

describe('a changed table', () => {
  const answer = override({ dropDevice: [bdf('01:00.0')] });
  const { table } = decodeDmar(answer.bytes);

  it('has the ids of the old, the next revision, its length, and a sum of 0', () => {
    expect(table?.header).toMatchObject({
      ...{ signature: 'DMAR', length: answer.bytes.length, oemRevision: 5 },
      ...{ oemTableId: 'PROLIANT' },
    });
    expect(byteSum(answer.bytes)).toBe(0);
    expect(decodeDmar(answer.bytes).diagnostics).toEqual([]);
  });

  it('no longer names the device, and is otherwise the same', () => {
    expect(answer.edits).toMatchObject([{ action: 'drop-device', index: 0 }]);
    expect(answer.diff.changes.map(({ kind, what }) => [kind, what])).toEqual([
      ['changed', 'header'],
      ['changed', 'RMRR'],
    ]);
    const [first] = rmrrs(answer.bytes);
    expect(first?.deviceScope.map(({ path }) => path)).toEqual([[[0, 1]], [[0x1d, 0]]]);
  });

  it('frees the device on Linux, which needs consent, and says what may go wrong', () => {
    const outcome = answer.outcomes.find(
      ({ before }) => formatSbdf(before.candidate.address) === '0000:01:00.0',
    );
    expect(outcome?.before.linux.verdict).toBe('blocked');
    expect(outcome?.after?.linux.verdict).toBe('ok');
    expect(answer.needsConsent).toBe(true);
    expect(answer.risks).toMatchObject([
      { code: 'still-used', witness: true },
      { code: 'shared-with-management' },
    ]);
  });

  it('has regions no more that no device is left in', () => {
    const { edits, bytes, needsConsent, risks } = override({ dropDevice: [bdf('00:02.0')] });
    expect(edits.map(({ action }) => action)).toEqual(['drop-device', 'drop-region']);
    expect(rmrrs(bytes)).toHaveLength(1);
    // Linux believes regions of display devices unused.
    expect(needsConsent).toBe(false);
    expect(risks.map(({ code }) => code)).toEqual(['graphics']);
  });

  it('has no region that was to go, whichever address of it is named', () => {
    const { bytes, edits } = override({ dropRegion: [0xbf000123n] });
    expect(edits[0]?.devices.map(formatSbdf)).toEqual([
      '0000:01:00.0',
      '0000:01:00.1',
      '0000:00:1d.0',
    ]);
    expect(rmrrs(bytes).map(({ baseAddress }) => baseAddress)).toEqual([0xbf001000n]);
  });

  it('names USB controllers alone where that is wanted', () => {
    const { bytes } = override({ keepOnlyUsb: true });
    expect(rmrrs(bytes).map(({ deviceScope }) => deviceScope.map(({ path }) => path))).toEqual([
      [[[0x1d, 0]]],
    ]);
    expect(codeOf(() => override({ keepOnlyUsb: true }, TABLE, null))).toBe('machine-unknown');
  });

  it('has new regions behind the old ones', () => {
    const { bytes } = override({
      addRmrr: [{ base: 0xbf002000n, limit: 0xbf002fffn, devices: [bdf('00:1d.0')] }],
    });
    const names = decodeDmar(bytes).table?.structures.map(({ name }) => name);
    expect(names).toEqual(['DRHD', 'RMRR', 'RMRR', 'RMRR', 'ATSR']);
    expect(rmrrs(bytes)[2]).toMatchObject({ baseAddress: 0xbf002000n, length: 32 });
  });

  it('does not name the bridge above a device that is taken out', () => {
    const json = {
      structures: [
        UNIT,
        region(0xbf000000, 0xbf000fff, [{ name: 'PCI sub-hierarchy', device: '0000:00:1c.0' }]),
      ],
    };
    const { edits, outcomes } = override({ dropDevice: [bdf('01:00.0')] }, json);
    expect(edits[0]?.devices.map(formatSbdf)).toEqual(['0000:00:1c.0']);
    expect(outcomes.map(({ before }) => formatSbdf(before.candidate.address))).toContain(
      '0000:01:00.1',
    );
  });
});

describe('mending', () => {
  const overlapping = {
    structures: [
      UNIT,
      region(0xbf000000, 0xbf001fff, ['0000:00:1d.0']),
      region(0xbf001000, 0xbf002000, ['0000:00:1d.0', '0000:00:02.0']),
    ],
  };

  it('makes regions end with a page', () => {
    const { edits, bytes, risks } = override({ fix: true }, overlapping);
    expect(edits.map(({ action }) => action)).toEqual(['align-region']);
    expect(rmrrs(bytes)[1]?.limitAddress).toBe(0xbf001fffn);
    expect(risks.map(({ code }) => code)).toContain('overlaps');
  });

  it('joins regions that overlap where that is agreed to', () => {
    const { bytes } = override({ fix: true, yes: true }, overlapping);
    expect(rmrrs(bytes)).toMatchObject([
      { baseAddress: 0xbf000000n, limitAddress: 0xbf001fffn, deviceScope: [{}, {}] },
    ]);
  });

  it('joins regions that overlap by way of others, however many, in the place of the first', () => {
    const page = (i: number) => 0xbf000000 + i * 0x1000;
    // The even ones stand first and touch none of each other: the odd ones join them all.
    const order = [...Array(6000).keys()].sort((a, b) => (a % 2) - (b % 2) || b - a);
    const chain = order.map((i) => region(page(i), page(i + 1) + 0xfff, ['0000:00:1d.0']));
    const apart = region(0x1000, 0x1fff, ['0000:00:02.0']);
    const { bytes, edits } = override(
      { fix: true, yes: true },
      { ...TABLE, structures: [UNIT, ...chain, apart] },
    );
    expect(rmrrs(bytes)).toMatchObject([
      {
        baseAddress: BigInt(page(0)),
        limitAddress: BigInt(page(6000)) + 0xfffn,
        deviceScope: [{}],
      },
      { baseAddress: 0x1000n, limitAddress: 0x1fffn },
    ]);
    expect(edits.map(({ index }) => index)).toEqual([...Array(6000).keys()].slice(1));
  });

  it('corrects the checksum alone', () => {
    const { edits, bytes } = override({ fix: true }, { ...TABLE, header: { checksum: 1 } });
    expect(edits).toEqual([]);
    expect(byteSum(bytes)).toBe(0);
  });
});

describe('what cannot be done', () => {
  it.each([
    ['nothing-to-change', () => override({})],
    ['nothing-to-change', () => override({ fix: true })],
    ['no-such-region', () => override({ dropRegion: [0x1000n] })],
    ['no-such-device', () => override({ dropDevice: [bdf('00:03.0')] })],
  ])('%s', (code, run) => {
    expect(codeOf(run)).toBe(code);
  });

  it('is to make up what a file has lost', () => {
    const whole = evidence(TABLE);
    const { source } = whole;
    if (source.kind !== 'table') throw new Error('no table');
    const cut = { ...source, bytes: source.bytes.subarray(0, source.bytes.length - 4) };
    const run = () =>
      answerOverride({ ...whole, source: cut }, { dropRegion: [0xbf000000n] }, () => '');
    expect(run).toThrow(Failure);
    expect(codeOf(run)).toBe('incomplete');
  });

  it('is told: no revision is left, lockdown, a kernel without the means', () => {
    const files = new Map(hostFiles(HOST));
    const file = (text: string) => new TextEncoder().encode(text);
    files.set('sys/kernel/security/lockdown', file('none [integrity] confidentiality\n'));
    files.set('boot/config-6.8.0', file('# CONFIG_ACPI_TABLE_UPGRADE is not set\n'));
    const last = evidenceOf(tableOf({ ...TABLE, header: { oemRevision: 0xffffffff } }), files);
    const { risks } = answerOverride(last, { dropRegion: [0xbf001000n] }, () => '');
    expect(risks.map(({ code }) => code)).toEqual([
      ...['graphics', 'highest-revision', 'locked-down', 'no-table-upgrade'],
    ]);
  });
});
