import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { combine } from '../../src/evidence/combine.js';
import { sourceOf } from '../../src/evidence/source-of.js';
import { NODE_TOOLS } from '../../src/read/tools.js';

const dmar = readFileSync('fixtures/laptop.dat');

const read = (text: string, path = 'it') =>
  sourceOf(Buffer.from(text), path, { limit: 2 ** 20 }, NODE_TOOLS);

/** Rows of the table's bytes as a dump shows them. */
const rows = (size: number, row: (offset: number, bytes: Buffer) => string): string =>
  Array.from({ length: Math.ceil(dmar.length / size) }, (_, i) =>
    row(i * size, dmar.subarray(i * size, (i + 1) * size)),
  ).join('\n');

const digits = (value: number, count: number) => value.toString(16).padStart(count, '0');
const bytesOf = (bytes: Buffer) => [...bytes].map((byte) => digits(byte, 2));

describe('a dump of a debugger is the table', () => {
  it.each([
    [
      "gdb's x/8xb",
      rows(8, (at, bytes) => {
        const values = bytesOf(bytes).map((byte) => `0x${byte}`);
        return `0x${digits(0x8ad69000 + at, 8)}:\t${values.join('\t')}`;
      }),
    ],
    [
      "gdb's x/4xw",
      rows(16, (at, bytes) => {
        const words = Array.from({ length: bytes.length / 4 }, (_, i) =>
          digits(bytes.readUInt32LE(i * 4), 8),
        );
        return `0x${digits(0x8ad69000 + at, 8)}:\t${words.map((word) => `0x${word}`).join('\t')}`;
      }),
    ],
    [
      "WinDbg's db",
      rows(16, (at, bytes) => {
        const [low, high] = [bytes.subarray(0, 8), bytes.subarray(8)].map((half) =>
          bytesOf(half).join(' '),
        );
        const text = bytes.toString('latin1').replace(/[^ -~]/g, '.');
        return `fffff7bc\`${digits(0x10000 + at, 8)}  ${high ? `${low}-${high}` : low}  ${text}`;
      }),
    ],
  ])('%s', async (_, text) => {
    const source = await read(text);
    if (source.kind !== 'table') throw new Error(`taken for a ${source.kind}`);
    expect(source.bytes.length).toBe(dmar.length);
    expect(Buffer.from(source.bytes).toString('hex')).toBe(dmar.toString('hex'));
    expect(source.completeness).toBe('whole');
  });
});

const LINUX = `[    0.000000] Linux version 6.8.0-45-generic (buildd@host) #45-Ubuntu SMP
[    0.240000] DMAR: Host address width 39
[    0.240002] DMAR: DRHD base: 0x000000fed91000 flags: 0x1
[    0.240003] DMAR: RMRR base: 0x0000008ce4c000 end: 0x0000008ce6bfff
`;

const LSPCI = `00:02.0 VGA compatible controller [0300]: Intel Corporation UHD Graphics [8086:3e92] (rev 02)
	Kernel driver in use: i915
00:1d.0 PCI bridge [0604]: Intel Corporation Root Port [8086:a330] (rev f0)
	Bus: primary=00, secondary=04, subordinate=05, sec-latency=0
04:00.0 Ethernet controller [0200]: Intel Corporation I350 [8086:1521] (rev 01)
`;

const IOMEM = `00000000-00000fff : Reserved
00001000-0009efff : System RAM
  00002000-00002fff : Kernel code
8ce4c000-8ce6bfff : Reserved
`;

const EDK2 = `*****************************************************************************
*         DMAR Table                                                        *
*         DMA-Remapping Reporting Structure                                 *
  ***************************************************************************
  *       Reserved Memory Region Reporting Structure                        *
  ***************************************************************************
  RMRR address ........................................... 0x000000008AD69058
    Type ................................................. 0x0001
    Segment Number ....................................... 0x0000
    Reserved Memory Region Base Address .................. 0x000000008CE4C000
    Reserved Memory Region Limit Address ................. 0x000000008CE6BFFF
      *********************************************************************
      *       Device Scope Entry Structure                                *
      *********************************************************************
      Device Scope Entry address ......................... 0x000000008AD69070
        Device Scope Entry Type .......................... 0x01
        Start Bus Number ................................. 0x00
        Device ........................................... 0x14
        Function ......................................... 0x00
`;

it("EDK II's debug print tells the regions and their devices", async () => {
  const { log, completeness } = await read(EDK2);
  expect(log?.regions).toMatchObject([
    {
      base: 0x8ce4c000n,
      limit: 0x8ce6bfffn,
      devices: [{ segment: 0, bus: 0, device: 0x14, func: 0 }],
    },
  ]);
  expect(completeness).toBe('whole');
});

describe('a listing of facts', () => {
  it('lspci tells the functions, with their classes, buses and drivers', async () => {
    const { log } = await read(LINUX + LSPCI);
    expect(log?.facts.functions).toMatchObject([
      { vendorId: 0x8086, deviceId: 0x3e92, driver: 'i915' },
      { deviceId: 0xa330, secondary: 4, subordinate: 5 },
      { address: { bus: 4, device: 0, func: 0 }, deviceId: 0x1521 },
    ]);
    expect(log?.facts.functions.map(({ classCode }) => (classCode ?? 0) >> 8)).toEqual([
      0x0300, 0x0604, 0x0200,
    ]);
  });

  it('iomem tells the memory map, without what lies within another range', async () => {
    const { log } = await read(IOMEM);
    expect(log?.facts.memoryMap).toMatchObject([
      { start: 0n, end: 0x1000n },
      { start: 0x1000n, end: 0x9f000n },
      { start: 0x8ce4c000n, end: 0x8ce6c000n },
    ]);
  });

  it('iomem as others than root see it tells nothing', async () => {
    const zeros = IOMEM.replace(/^( *)[0-9a-f]{8}-[0-9a-f]{8}/gm, '$100000000-00000000');
    await expect(read(zeros)).rejects.toMatchObject({ code: 'not-a-table' });
  });
});

describe('sources given together', () => {
  it('are one: the log has the regions, the listings the machine', async () => {
    const sources = await Promise.all([read(LSPCI, 'l'), read(LINUX, 'd'), read(IOMEM, 'm')]);
    const [one, ...others] = combine(sources);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ kind: 'linux-log', path: 'd' });
    expect(one?.log?.regions).toMatchObject([{ base: 0x8ce4c000n, limit: 0x8ce6bfffn }]);
    expect(one?.log?.facts.functions).toHaveLength(3);
    expect(one?.log?.facts.memoryMap).toHaveLength(3);
  });

  it('stay two where both are logs of Linux, or where the table has not the region of the log', async () => {
    expect(combine([await read(LINUX, 'a'), await read(LINUX, 'b')])).toHaveLength(2);
    const table = await sourceOf(dmar, 't', { limit: 2 ** 20 }, NODE_TOOLS);
    expect(combine([table, await read(LINUX.replaceAll('8ce', '7ce'))])).toHaveLength(2);
    expect(combine([table, await read(LSPCI)])).toHaveLength(1);
  });
});
