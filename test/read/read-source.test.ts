import { execFileSync } from 'node:child_process';
import { mkdirSync, openSync, symlinkSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readPath } from '../../src/read/bounded-read.js';
import { readSource } from '../../src/read/read-source.js';
import { hostFiles, writeTree } from '../support/host-tree.js';
import { tableOf } from '../support/tables.js';
import { scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

const rmrr = { baseAddress: '0xbf7ec000', limitAddress: '0xbf7fffff', devices: ['0000:00:1d.0'] };
const dmar = tableOf({
  header: { hostAddressWidth: 38 },
  structures: [{ name: 'RMRR', ...rmrr }],
});
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** A table of another kind, header alone. */
const table = (signature: string) => {
  const bytes = Buffer.alloc(36);
  bytes.write(signature, 'latin1');
  bytes.writeUInt32LE(36, 4);
  return bytes;
};

const write = (name: string, bytes: Uint8Array | string) => {
  writeFileSync(path(name), bytes);
  return path(name);
};

/** The table as a program packs it. */
const packed = (...command: [string, ...string[]]) =>
  execFileSync(command[0], [...command.slice(1), '-c'], {
    input: dmar,
    stdio: ['pipe', 'pipe', 'ignore'],
  });

/** The table with a structure in every 4 bytes that follow. */
function longTable(length: number): Buffer {
  const bytes = Buffer.alloc(length, Buffer.from([99, 0, 4, 0]));
  bytes.set(dmar.subarray(0, 48));
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

/** A frame of zstd that holds no data. */
const SKIPPABLE = Buffer.from('502a4d1804000000deadbeef', 'hex');

describe('what is packed oddly is read, and what follows it is told of', () => {
  const gzip = gzipSync(dmar);
  const named = Buffer.concat([
    gzip.subarray(0, 3),
    Buffer.from([0x08]),
    gzip.subarray(4, 10),
    Buffer.from('a\0'),
    gzip.subarray(10),
  ]);
  it.each<[string, (Uint8Array | string)[], number]>([
    ['gzip and a text', [gzip, 'and text'], 8],
    ['gzip with a name in it, and one byte', [named, 'x'], 1],
    ['gzip and the end of a block on tape', [gzip, Buffer.alloc(100)], 0],
    ['xz of the highest level', [packed('xz', '-9')], 0],
    ['zstd behind a frame that is passed over', [SKIPPABLE, packed('zstd', '-q')], 0],
    ['zstd and a text', [packed('zstd', '-q'), 'and text'], 8],
    [
      'zstd of a stream without a checksum',
      [packed('zstd', '-q', '--no-check'), SKIPPABLE, 'x'],
      1,
    ],
    [
      'zstd of a stream with a size',
      [packed('zstd', '-q', `--stream-size=${dmar.length}`), 'x'],
      1,
    ],
  ])('%s', async (_, parts, trailing) => {
    const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const source = await readSource({ path: write('odd', bytes) });
    expect(source.kind === 'table' && hex(source.bytes)).toBe(hex(dmar));
    const told = source.notes.filter((note) => note.includes('passed over'));
    expect(told).toHaveLength(trailing === 0 ? 0 : 1);
    for (const note of told) expect(note).toMatch(new RegExp(` ${trailing} more byte`));
  });
});

describe('what cannot be a source is refused with a sentence and exit status 3', () => {
  it.each([
    ['an empty file', write('empty', ''), 'empty', /empty\.$/],
    ['one byte', write('one', 'x'), 'not-a-table', /one is text, but holds no DMAR or IVRS table/],
    ['a NUL', write('nul', '\0'), 'not-a-table', /begins with the bytes 00\.$/],
    ['a missing file', path('missing'), 'not-found', /There is no file .*missing\.$/],
    ['a path through a file', `${path('one')}/x`, 'not-found', /There is no file/],
    ['an impossible path', 'a\0b', 'not-found', /There is no file/],
    [
      'a JPEG',
      write('jpeg', Buffer.from('ffd8ffe000104a464946', 'hex')),
      'not-a-table',
      /ff d8 ff e0/,
    ],
    [
      'another table',
      write('apic', table('APIC')),
      'no-dmar',
      /an APIC \(interrupt controllers\) table/,
    ],
    ['a table of no known name', write('xyz', table('XYZ1')), 'no-dmar', /an XYZ1 table/],
    [
      'a header cut short',
      write('cut', dmar.subarray(0, 47)),
      'table-header-truncated',
      /first 47 bytes/,
    ],
    ['damaged gzip', write('gz', gzipSync(dmar).subarray(0, 30)), 'damaged', /gzip/],
    ['gzip in gzip', write('gzgz', gzipSync(gzipSync(dmar))), 'not-a-table', /compressed twice/],
    ['an empty gzip', write('gz0', gzipSync('')), 'empty', /is empty/],
    ['a table of 9 MiB', write('long', longTable(9 * 2 ** 20)), 'too-large', /more than 5 MiB/],
    [
      'a table of more structures than are decoded',
      write('many', longTable(3 * 2 ** 20)),
      'too-large',
      /more than 524288 structures/,
    ],
    ['prose', write('prose', 'DMAR is a table\nof ACPI.\n'), 'not-a-table', /is text/],
    ['/dev/zero', '/dev/zero', 'not-a-table', /00 00 00 00/],
    ['/dev/null', '/dev/null', 'empty', /empty/],
  ])('%s', async (_, file, code, message) => {
    await expect(readSource({ path: file })).rejects.toMatchObject({
      code,
      status: 3,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['gzip that ends in its second member', [gzipSync(dmar), gzipSync(dmar).subarray(0, 30)]],
    ['gzip with a wrong checksum', [gzipSync(dmar).subarray(0, -8), Buffer.alloc(8), 'and text']],
    [
      'xz with a dictionary of 1.5 GiB',
      [packed('xz', '--lzma2=dict=1536MiB')],
      /dictionary is larger/,
    ],
    ['xz with a filter', [packed('xz', '--x86', '--lzma2')], /filter/],
    ['xz that was cut off', [packed('xz').subarray(0, 60)], /cut off/],
    [
      'zstd with a window of 1 GiB',
      [packed('zstd', '--long=30')],
      /its window is 1 GiB, .* 128 MiB/,
    ],
    ['zstd that was cut off', [packed('zstd').subarray(0, 60)], /it is cut off/],
    ['nothing in zstd but what is passed over', [SKIPPABLE], /zstd/],
  ])('%s', async (_, parts, message = /gzip/) => {
    const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
    await expect(readSource({ path: write('packed', bytes) })).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringMatching(message),
    });
  });

  it('but not a table with much behind it', async () => {
    const file = write('behind', Buffer.concat([dmar, Buffer.alloc(3 * 2 ** 20)]));
    expect(await readSource({ path: file })).toMatchObject({ kind: 'table', signature: 'DMAR' });
  });

  it('a file over the limit, and a sparse one of 4 GiB without reading it', async () => {
    const sparse = write('sparse', '');
    truncateSync(sparse, 2 ** 32);
    await expect(readSource({ path: sparse })).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringMatching('more than 64 MiB'),
    });
    const small = write('small', dmar);
    await expect(readSource({ path: small, maxSize: dmar.length - 1 })).rejects.toMatchObject({
      code: 'too-large',
    });
    expect(await readSource({ path: small, maxSize: dmar.length })).toMatchObject({
      kind: 'table',
    });
  });

  it('what decompresses to more than the limit', async () => {
    const bomb = write('bomb', gzipSync(Buffer.alloc(2 ** 20)));
    await expect(readSource({ path: bomb, maxSize: 2 ** 16 })).rejects.toMatchObject({
      code: 'too-large',
    });
  });
});

describe('a table', () => {
  it.each(['DMAR', 'RMAD', 'XMAR'])('with the signature %s is read as it is', async (signature) => {
    const bytes = Buffer.from(dmar);
    bytes.write(signature, 'latin1');
    const file = write(signature, bytes);
    const source = await readSource({ path: file });
    expect(source).toMatchObject({
      kind: 'table',
      form: 'binary',
      signature,
      path: file,
      hostTree: null,
    });
    expect(source.kind === 'table' && hex(source.bytes)).toBe(hex(bytes));
  });

  it('is kept whole with what follows it, and as far as it goes', async () => {
    const longer = write('longer', Buffer.concat([dmar, Buffer.from('tail')]));
    expect(await readSource({ path: longer })).toMatchObject({
      bytes: { length: dmar.length + 4 },
    });
    const shorter = write('shorter', dmar.subarray(0, 60));
    expect(await readSource({ path: shorter })).toMatchObject({ bytes: { length: 60 } });
  });

  it('among others back to back is found', async () => {
    const bytes = Buffer.concat([table('APIC'), dmar, table('XSDT')]);
    const source = await readSource({ path: write('chain', bytes) });
    expect(source.kind === 'table' && hex(source.bytes)).toBe(hex(dmar));
  });

  it('is read from a FIFO whose writer takes its time', async () => {
    execFileSync('mkfifo', [path('fifo')]);
    const reading = readSource({ path: path('fifo') });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const fd = openSync(path('fifo'), 'r+');
    writeSync(fd, dmar);
    const { closeSync } = await import('node:fs');
    await new Promise((resolve) => setTimeout(resolve, 50));
    closeSync(fd);
    expect(await reading).toMatchObject({ bytes: { length: dmar.length } });
  });
});

it('a FIFO into which nobody writes is given up', async () => {
  execFileSync('mkfifo', [path('silent')]);
  await expect(readPath(path('silent'), 100, () => {}, 500)).rejects.toMatchObject({
    code: 'silent',
    status: 3,
    message: expect.stringMatching('gave 0 bytes and then nothing for 0.5 seconds'),
  });
});

describe('a machine', () => {
  let count = 0;
  const host = (tables: Record<string, Uint8Array>, files: Record<string, string> = {}) => {
    const root = path(`host-${count++}`);
    mkdirSync(root);
    const hexes = Object.entries(tables).map(([name, bytes]) => [name, hex(bytes)]);
    const more = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const);
    writeTree(new Map([...hostFiles({ tables: Object.fromEntries(hexes) }), ...more]), root);
    return root;
  };

  it('shows its table below the root, with host facts from there', async () => {
    const root = host({ DMAR: dmar });
    expect(await readSource({ root })).toMatchObject({
      path: `${root}/sys/firmware/acpi/tables/DMAR`,
      hostTree: { name: root },
      notes: [],
    });
  });

  it.each(['RMAD', 'XMAR'])(
    'that is a Xen dom0 shows it as %s, and that is said',
    async (signature) => {
      const bytes = Buffer.from(dmar);
      bytes.write(signature, 'latin1');
      const source = await readSource({ root: host({ [signature]: bytes }) });
      expect(source).toMatchObject({
        signature,
        notes: [expect.stringMatching(/dom0.*Xen hides/)],
      });
    },
  );

  it("that has a table of its own beside Xen's goes by Xen's", async () => {
    const bytes = Buffer.from(dmar);
    bytes.write('RMAD', 'latin1');
    const source = await readSource({ root: host({ RMAD: bytes, DMAR: dmar }) });
    expect(source).toMatchObject({ signature: 'RMAD' });
    expect(source.notes[1]).toMatch(/DMAR beside it .* Xen does not use it/);
  });

  it('whose table Xen did not hide may have another in force', async () => {
    const source = await readSource({
      root: host({ DMAR: dmar }, { 'sys/hypervisor/type': 'xen\n' }),
    });
    expect(source.notes).toEqual([expect.stringMatching(/Xen may use another/)]);
  });

  it('with several uses the first', async () => {
    const source = await readSource({ root: host({ DMAR1: dmar, DMAR2: table('DMAR') }) });
    expect(source.path).toMatch(/DMAR1$/);
    expect(source.notes).toEqual([expect.stringMatching(/uses DMAR1; DMAR2 does nothing/)]);
  });

  const others = { APIC: table('APIC'), SSDT1: table('SSDT'), SSDT2: table('SSDT') };
  it.each([
    [
      'without VT-d',
      host(others),
      'no-dmar-host',
      /VT-d, or AMD-Vi, is absent or switched off/,
      /APIC and SSDT \(2 times\)/,
    ],
    [
      'that is virtual, by its name',
      host(others, { 'sys/class/dmi/id/sys_vendor': 'QEMU\n' }),
      'no-dmar-vm',
      /virtual machine \(QEMU\)/,
      /APIC/,
    ],
    [
      'that is virtual, by its processor',
      host(others, { 'proc/cpuinfo': 'processor : 0\nflags\t\t: fpu vme hypervisor lahf_lm\n' }),
      'no-dmar-vm',
      /virtual machine/,
      /APIC/,
    ],
    ['without ACPI', host({}, { 'sys/x': '' }), 'no-acpi-tables', /shows no ACPI tables/, /kernel/],
    ['that is not there', path('nowhere'), 'not-found', /There is no directory/, undefined],
    ['whose table is empty', host({ DMAR: new Uint8Array() }), 'empty', /DMAR is empty/, undefined],
    ['whose table is another', host({ DMAR: table('APIC') }), 'not-a-table', /"APIC"/, undefined],
  ])('%s', async (_, root, code, message, hint) => {
    await expect(readSource({ root })).rejects.toMatchObject({
      code,
      status: 3,
      message: expect.stringMatching(message),
      ...(hint === undefined ? {} : { hint: expect.stringMatching(hint) }),
    });
  });

  it('given as a directory agrees with --root, and so does the directory of its tables', async () => {
    const root = host({ DMAR: dmar, APIC: table('APIC') });
    const { hostTree, ...expected } = await readSource({ root });
    expect(await readSource({ path: root })).toMatchObject({
      ...expected,
      hostTree: { name: hostTree?.name },
    });
    const inside = await readSource({ path: `${root}/sys/firmware/acpi/tables` });
    expect(inside).toMatchObject({
      signature: 'DMAR',
      hostTree: { name: expect.stringMatching(root) },
    });
  });

  it('is found one level down, as an unpacked report has it', async () => {
    const root = path('report');
    mkdirSync(root);
    writeTree(hostFiles({ tables: { DMAR: hex(dmar) } }), `${root}/sosreport-1`);
    const source = await readSource({ path: root });
    expect(source.hostTree?.name).toBe(`${root}/sosreport-1`);
  });

  it('is found there by --root as well, and of several none is guessed', async () => {
    const root = path('report-2');
    mkdirSync(root);
    writeTree(hostFiles({ tables: { DMAR: hex(dmar) } }), `${root}/a`);
    expect((await readSource({ root })).hostTree?.name).toBe(`${root}/a`);
    writeTree(hostFiles({ tables: { DMAR: hex(dmar) } }), `${root}/b`);
    for (const spec of [{ root }, { path: root }]) {
      await expect(readSource(spec)).rejects.toMatchObject({ code: 'several-hosts', status: 3 });
    }
  });

  it('captured with a table that is a link out of the tree has none', async () => {
    const root = host({ APIC: table('APIC') });
    symlinkSync(write('outside', dmar), `${root}/sys/firmware/acpi/tables/DMAR`);
    await expect(readSource({ root })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a directory with a file a table', () => {
  const folder = path('dump');
  mkdirSync(folder);
  writeFileSync(`${folder}/apic.dat`, table('APIC'));
  writeFileSync(`${folder}/readme`, 'nothing');

  it('without a DMAR table names those that are there', async () => {
    await expect(readSource({ path: folder })).rejects.toMatchObject({
      code: 'no-dmar',
      message: expect.stringMatching('an APIC'),
    });
  });

  it('is read for its DMAR table', async () => {
    writeFileSync(`${folder}/dmar.dat`, dmar);
    expect(await readSource({ path: folder })).toMatchObject({
      path: `${folder}/dmar.dat`,
      signature: 'DMAR',
      hostTree: null,
    });
  });

  it('offers all of several', async () => {
    writeFileSync(`${folder}/dmar2.dat`, dmar.subarray(0, 60));
    const { notes } = await readSource({ path: folder });
    expect(notes.join()).toMatch('2 DMAR tables');
    expect(await readSource({ path: folder, table: 2 })).toMatchObject({
      path: `${folder}/dmar2.dat`,
      notes: [],
    });
  });

  it('that has no table at all says so', async () => {
    mkdirSync(path('bare'));
    await expect(readSource({ path: path('bare') })).rejects.toMatchObject({
      code: 'no-acpi-tables',
      status: 3,
    });
  });
});
