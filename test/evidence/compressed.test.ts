import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../../src/base/failure.js';
import { bunzip2 } from '../../src/evidence/bzip2.js';
import { OverLimit } from '../../src/evidence/limit.js';
import { sourceOf } from '../../src/evidence/source-of.js';
import { openTree } from '../../src/read/open-tree.js';
import { readSource } from '../../src/read/read-source.js';
import { NODE_TOOLS } from '../../src/read/tools.js';
import { hasTool, pipe } from '../support/tools.js';

const LIMIT = 2 ** 24;
const dmar = readFileSync('fixtures/laptop.dat');

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dmar-compressed-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Writes files below a new directory, by their paths. */
function lay(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = join(directory, name);
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return root;
}

/** The zip file that zip makes of a directory. */
function zipped(root: string, ...options: string[]): string {
  const file = `${root}.zip`;
  execFileSync('zip', ['-q', '-r', ...options, file, '.'], { cwd: root });
  return file;
}

const plainOf = (packed: Uint8Array) => Buffer.from(bunzip2(packed, LIMIT).bytes);

const read = (bytes: Uint8Array, limit = LIMIT) => sourceOf(bytes, 'it', { limit }, NODE_TOOLS);

const LINUX = `[    0.000000] Linux version 6.8.0-45-generic (buildd@host) #45-Ubuntu SMP
[    0.004100] ACPI: DMAR 0x000000008CE3E000 0000A8 (v01 INTEL  EDK2     00000002      01000013)
[    0.240000] DMAR: Host address width 39
[    0.240001] DMAR: DRHD base: 0x000000fed90000 flags: 0x0
[    0.240002] DMAR: DRHD base: 0x000000fed91000 flags: 0x1
[    0.240003] DMAR: RMRR base: 0x0000008ce4c000 end: 0x0000008ce6bfff
`;
const XEN = `(XEN) Xen version 4.17.5 (xen@host) (gcc 11.2) debug=n
(XEN) [VT-D]found ACPI_DMAR_RMRR:
(XEN) [VT-D]  RMRR region: base_addr 8ce4c000 end_addr 8ce6bfff
`;
const LSPCI = `00:14.0 USB controller [0c03]: Intel Corporation Cannon Lake PCH USB 3.1 xHCI [8086:a36d] (rev 10)
`;
const IOMEM = `00000000-00000fff : Reserved
00001000-0009efff : System RAM
8ce4c000-8ce6bfff : Reserved
`;

describe.skipIf(!hasTool('bzip2'))('bzip2', () => {
  const bytesOf = (size: number) =>
    fc.oneof(
      fc.uint8Array({ maxLength: size }),
      // Runs, which the format codes twice over.
      fc
        .array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 600 })), { maxLength: 20 })
        .map((runs) => Buffer.concat(runs.map(([byte, times]) => Buffer.alloc(times, byte)))),
    );

  it('gives back what bzip2 was given', () => {
    fc.assert(
      fc.property(bytesOf(3000), fc.constantFrom('-1', '-9'), (bytes, level) => {
        expect(plainOf(pipe(bytes, 'bzip2', level))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 30 },
    );
  });

  it('of several blocks, and several files one after the other', () => {
    const long = Buffer.from(Array.from({ length: 350_000 }, (_, i) => (i * i * 7) >> 5));
    const packed = pipe(long, 'bzip2', '-1');
    const twice = plainOf(Buffer.concat([packed, packed]));
    expect(twice.equals(Buffer.concat([long, long]))).toBe(true);
    expect(bunzip2(Buffer.concat([packed, Buffer.from('more')]), LIMIT).trailing).toBe(4);
  });

  it('makes no more than it may', () => {
    const bomb = pipe(Buffer.alloc(2 ** 23), 'bzip2');
    expect(bomb.length).toBeLessThan(100);
    expect(() => bunzip2(bomb, 2 ** 20)).toThrow(OverLimit);
    expect(bunzip2(bomb, 2 ** 23).bytes.length).toBe(2 ** 23);
  });

  it('damaged or cut off anywhere is an error, and soon', () => {
    const packed = pipe(dmar, 'bzip2');
    const byte = fc.tuple(fc.integer({ min: 3, max: packed.length - 1 }), fc.nat({ max: 7 }));
    fc.assert(
      fc.property(byte, fc.integer({ min: 3, max: packed.length - 1 }), ([at, bit], length) => {
        const changed = Buffer.from(packed);
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
        expect(() => bunzip2(packed.subarray(0, length), LIMIT)).toThrow(/cut off/);
        try {
          // Not all bits count: those that fill up the last byte do not.
          expect(plainOf(changed)).toEqual(dmar);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of a table is the table, of a log the log', async () => {
    expect(await read(pipe(dmar, 'bzip2'))).toMatchObject({ kind: 'table', verbatim: false });
    expect(await read(pipe(Buffer.from(LINUX), 'bzip2'))).toMatchObject({ kind: 'linux-log' });
    const bomb = pipe(Buffer.alloc(2 ** 23), 'bzip2');
    await expect(read(bomb, 2 ** 20)).rejects.toMatchObject({ code: 'too-large' });
    const cut = pipe(dmar, 'bzip2').subarray(0, 60);
    await expect(read(cut)).rejects.toMatchObject({ code: 'damaged', message: /cut off/ });
  });
});

describe.skipIf(!hasTool('zip'))('a zip file', () => {
  it('whose files lie over one another is refused, so that none is read again and again', async () => {
    const packed = readFileSync(zipped(lay('one', { 'dmesg.gz': gzipSync(LINUX) }), '-D'));
    const end = packed.length - 22;
    const directory = packed.subarray(packed.readUInt32LE(end + 16), end);
    const [count, copies] = [1000, Buffer.concat(Array(1000).fill(directory))];
    const tail = Buffer.from(packed.subarray(end));
    tail.writeUInt16LE(count, 10);
    const bytes = Buffer.concat([packed.subarray(0, packed.readUInt32LE(end + 16)), copies, tail]);
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('lie over one another'),
    });
  });

  it.each([
    ['deflated', []],
    ['stored', ['-0']],
  ])('of one file is that file: %s', async (_, options) => {
    const root = lay(`one-${options.length}`, { 'some/where/x': dmar });
    const source = await readSource({ path: zipped(root, '-D', ...options) });
    expect(source).toMatchObject({ kind: 'table', verbatim: false, completeness: 'whole' });
    expect(Buffer.from((source as { bytes: Uint8Array }).bytes)).toEqual(dmar);
  });

  it('of a compressed file is what it holds', async () => {
    const root = lay('packed', { 'dmesg.gz': gzipSync(LINUX) });
    expect(await readSource({ path: zipped(root) })).toMatchObject({ kind: 'linux-log' });
  });

  it("of a host's tree is that host, links and all", async () => {
    const root = lay('host', {
      'rack/sys/firmware/acpi/tables/DMAR': dmar,
      'rack/sys/bus/real/file': 'x',
    });
    symlinkSync('real', join(root, 'rack/sys/bus/link'));
    const path = zipped(root, '-y');
    expect(await readSource({ path })).toMatchObject({ kind: 'table', hostTree: { name: path } });
    const tree = await openTree(path, LIMIT);
    expect(tree.readlink('sys/bus/link')).toBe('real');
    expect(Buffer.from(tree.read('sys/bus/link/file') ?? '').toString()).toBe('x');
  });

  it('of several files is all that they say', async () => {
    const root = lay('several', { 'a/DMAR.dat': dmar, 'a/dmesg.txt': LINUX, 'a/note': 'Hello' });
    expect(await readSource({ path: zipped(root) })).toMatchObject({ kind: 'table' });
  });

  it('that is damaged, encrypted, too large or nothing is refused in a sentence', async () => {
    const root = lay('bad', { dmesg: LINUX.repeat(200), 'x.bin': Buffer.alloc(2 ** 21) });
    const bytes = readFileSync(zipped(root));
    await expect(read(bytes, 2 ** 20)).rejects.toMatchObject({ code: 'too-large' });
    const cut = bytes.subarray(0, bytes.length - 30);
    await expect(read(cut)).rejects.toMatchObject({ code: 'damaged', message: /cut off/ });
    const other = lay('other', { readme: 'Nothing here.', second: 'Nor here.' });
    await expect(readSource({ path: zipped(other) })).rejects.toMatchObject({
      code: 'no-host-tree',
    });
    const secret = lay('secret', { dmesg: LINUX });
    const path = zipped(secret, '-P', 'word');
    await expect(readSource({ path })).rejects.toMatchObject({
      message: /dmesg in it is encrypted/,
    });
    const inner = lay('outer', {
      'inner.zip': readFileSync(zipped(lay('inner', { dmesg: LINUX }))),
    });
    await expect(readSource({ path: zipped(inner) })).rejects.toMatchObject({ message: /twice/ });
  });

  it('with any bytes changed is read or refused, and a checksum tells', async () => {
    const bytes = readFileSync(zipped(lay('mutated', { dmesg: LINUX, DMAR: dmar })));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), {
          maxLength: 4,
        }),
        async (edits) => {
          const changed = Buffer.from(bytes);
          for (const [at, value] of edits) changed.writeUInt8(value, at);
          try {
            await read(changed);
          } catch (error) {
            expect(error).toBeInstanceOf(Failure);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a report', () => {
  const SOS = {
    'sos/sos_commands/kernel/dmesg': LINUX,
    'sos/sos_commands/kernel/dmesg_-T': LINUX,
    'sos/sos_commands/pci/lspci_-nnvv': LSPCI,
    'sos/proc/iomem': IOMEM,
    'sos/proc/cmdline': 'BOOT_IMAGE=/vmlinuz intel_iommu=on\n',
    'sos/version.txt': 'sosreport: 4.5\n',
  };
  const BUGTOOL = {
    'bug/var/log/xen/hypervisor.log': XEN,
    'bug/xl-dmesg.out': XEN,
    'bug/var/log/kern.log': LINUX,
    'bug/lspci-nn.out': LSPCI,
  };

  it.each([
    ['of sosreport', SOS, 'sos'],
    ['of sosreport with a part of sys', { ...SOS, 'sos/sys/module/x': '1' }, 'sos'],
    ['of xen-bugtool', BUGTOOL, 'bug'],
  ])('%s is evidence: unpacked, and in an archive', async (name, files, below) => {
    const root = lay(`report ${name}`, files);
    const archive = `${root}.tar`;
    execFileSync('tar', ['cf', archive, '-C', root, below]);
    for (const path of [join(root, below), archive]) {
      const source = await readSource({ path });
      expect(source.kind, path).toMatch(/-log$/);
      expect(source.log?.regions, path).toMatchObject([{ base: 0x8ce4c000n, limit: 0x8ce6bfffn }]);
      expect(source.log?.facts.functions, path).toMatchObject([{ vendorId: 0x8086 }]);
    }
  });

  it('tells the command line that the log lacks', async () => {
    const { log } = await readSource({ path: join(lay('cmdline', SOS), 'sos') });
    expect(log?.facts.linuxCmdline).toContain('intel_iommu=on');
    expect(log?.facts.linux).toBe('6.8.0-45-generic');
    expect(log?.facts.memoryMap).not.toBeNull();
  });

  it('that says nothing is refused', async () => {
    const path = lay('nothing', { 'sos_commands/kernel/dmesg': 'Hello\n' });
    await expect(readSource({ path })).rejects.toMatchObject({ code: 'no-acpi-tables' });
  });
});
