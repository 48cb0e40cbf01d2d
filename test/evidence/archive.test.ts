import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeDmar } from '../../src/acpi/dmar/decode.js';
import { Failure } from '../../src/base/failure.js';
import { archiveTree, isTar } from '../../src/evidence/archive.js';
import { captureHost } from '../../src/evidence/capture.js';
import { filesTree } from '../../src/evidence/files-tree.js';
import { readHost } from '../../src/evidence/host.js';
import type { Tree } from '../../src/evidence/tree.js';
import type { Host } from '../../src/machine/host.js';
import { openTree } from '../../src/read/open-tree.js';
import { directoryTree } from '../../src/read/tree.js';
import { candidatesOf } from '../../src/regions/candidate.js';
import { DmarRegions } from '../../src/regions/of-dmar.js';
import { packArchive } from '../../src/write/archive.js';

const ROOT = 'fixtures/rack-server-host';
const LIMIT = 2 ** 26;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dmar-archive-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const at = (name: string) => join(directory, name);

/** Everything that is known of a host, in a form that two trees of it have in common. */
function knowledge(tree: Tree) {
  const { pci, memoryMap, segments, xen, linux, iommuGroups, notes }: Host = readHost(tree);
  const bytes = tree.read('sys/firmware/acpi/tables/DMAR') as Uint8Array;
  const { table } = decodeDmar(bytes);
  if (table === null) throw new Error('no table');
  const candidates = candidatesOf(readHost(tree), new DmarRegions(table, pci));
  return {
    functions: [...(pci?.functions() ?? [])].map((fn) => ({ ...fn, config: [...fn.config] })),
    ...{ memoryMap, segments, xen, linux, iommuGroups, notes, candidates },
    table: Buffer.from(bytes).toString('hex'),
  };
}

describe('an archive that tar made of a host', () => {
  test.each([
    ['its root', ['-C', ROOT, '.']],
    ['its root, by name', ['-C', ROOT, 'sys', 'proc']],
    ['a directory that holds it', ['-C', 'fixtures', 'rack-server-host']],
    [
      'it with long paths',
      ['--transform', `s,^,${'long/'.repeat(40)},S`, '-C', ROOT, 'sys', 'proc'],
    ],
    ['it in the POSIX format', ['--format=posix', '-C', ROOT, '.']],
    ['it in the old GNU format', ['--format=oldgnu', '-C', ROOT, '.']],
  ])('of %s tells all that the directory tells', async (_, args) => {
    const file = at('host.tar');
    execFileSync('tar', ['cf', file, ...args]);
    const expected = knowledge(directoryTree(ROOT));
    expect(knowledge(await openTree(file, LIMIT))).toEqual(expected);
    for (const pack of ['gzip', 'xz']) {
      execFileSync(pack, ['-kf', file]);
      const packed = `${file}.${pack === 'gzip' ? 'gz' : 'xz'}`;
      expect(knowledge(await openTree(packed, LIMIT))).toEqual(expected);
    }
  });

  test('has no way out: absolute names, .. and links stay inside', async () => {
    const root = at('evil');
    mkdirSync(join(root, 'sys/kernel'), { recursive: true });
    symlinkSync('../../../../../../etc/passwd', join(root, 'sys/up'));
    symlinkSync('/etc/passwd', join(root, 'sys/absolute'));
    writeFileSync(join(root, 'sys/kernel/file'), 'x');
    execFileSync('mkfifo', [join(root, 'sys/fifo')]);
    const file = at('evil.tar');
    execFileSync('tar', ['cf', file, '-C', root, 'sys']);
    execFileSync('tar', ['rPf', file, '--transform', 's,^,../,', '-C', root, 'sys/kernel/file']);
    const tree = await openTree(file, LIMIT);
    expect(tree.list('sys')).toEqual(['absolute', 'kernel', 'up']);
    for (const path of ['sys/up', 'sys/absolute', 'sys/fifo', '../sys/kernel/file/x']) {
      expect(tree.read(path), path).toBeNull();
    }
    expect(tree.list('')).toEqual(['sys']);
  });

  test('of something else is refused by name', async () => {
    const file = at('other.tar');
    execFileSync('tar', ['cf', file, 'package.json']);
    await expect(openTree(file, LIMIT)).rejects.toMatchObject({ code: 'no-host-tree' });
    await expect(openTree('package.json', LIMIT)).rejects.toMatchObject({ code: 'no-host-tree' });
    await expect(openTree(at('none'), LIMIT)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('that unpacks to more than the limit is refused', async () => {
    const file = at('bomb.tar.gz');
    writeFileSync(file, gzipSync(Buffer.alloc(2 ** 22)));
    await expect(openTree(file, 2 ** 20)).rejects.toMatchObject({ code: 'too-large' });
  });

  test('that was cut off is refused', async () => {
    const file = at('long.tar');
    execFileSync('tar', ['cf', file, '-C', ROOT, 'sys']);
    const whole = readFileSync(file);
    for (const length of [3000, 102_400, whole.length - 10_240]) {
      const cut = archiveTree(whole.subarray(0, length), 'cut');
      await expect(cut, String(length)).rejects.toMatchObject({ code: 'damaged' });
    }
  });

  test('cut or damaged anywhere gives a tree or a Failure, and ends', async () => {
    const file = at('whole.tar');
    execFileSync('tar', ['cf', file, '-C', ROOT, 'sys/firmware', 'sys/kernel']);
    const whole = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: whole.length }),
        fc.array(fc.tuple(fc.nat({ max: 20_000 }), fc.nat({ max: 255 })), { maxLength: 6 }),
        async (length, edits) => {
          const bytes = Buffer.from(whole.subarray(0, length));
          for (const [offset, value] of edits) if (offset < length) bytes[offset] = value;
          try {
            readHost(await archiveTree(bytes, 'cut')).iommuGroups;
          } catch (error) {
            expect(error).toBeInstanceOf(Failure);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a capture', () => {
  test('tells of the host all that the host itself does', async () => {
    const { files, notes } = captureHost(directoryTree(ROOT));
    expect(notes).toEqual([]);
    const expected = knowledge(directoryTree(ROOT));
    expect(knowledge(filesTree('capture', files))).toEqual(expected);
    const archive = await packArchive(files, 'host', new Date());
    expect(isTar(archive)).toBe(true);
    expect(knowledge(await archiveTree(archive, 'archive'))).toEqual(expected);
  });

  test('takes nothing but what the commands use', () => {
    const { files } = captureHost(directoryTree('/'));
    const allowed = new RegExp(
      [
        '^sys/firmware/acpi/tables/(DMAR[12]?|RMAD|XMAR|IVRS[12]?|MCFG|APIC|FACP)$',
        '^sys/firmware/memmap/\\d+/(start|end|type)$',
        '^sys/bus/pci/devices/[^/]+/(config|class|vendor|device|resource|driver|physfn|iommu_group)$',
        '^sys/kernel/iommu_groups/\\d+/(reserved_regions|devices/[^/]+)$',
        '^sys/hypervisor/(type|version/(major|minor|extra))$',
        '^proc/sys/kernel/osrelease$',
        '^proc/(cmdline|cpuinfo|iomem)$',
        '^sys/class/dmi/id/(sys_vendor|product_name|bios_version)$',
      ].join('|'),
    );
    expect([...files.keys()].filter((path) => !allowed.test(path))).toEqual([]);
    for (const [path, file] of files) {
      if (path.endsWith('/config')) expect((file as Uint8Array).length).toBeLessThanOrEqual(64);
    }
  });

  test("takes of the kernel's command line what its IOMMU was told", () => {
    const cmdline = 'root=UUID=secret intel_iommu=on,relax_rmrr iommu=pt quiet\n';
    const tree = filesTree('it', new Map([['proc/cmdline', Buffer.from(cmdline)]]));
    const { files } = captureHost(tree);
    const taken = new TextDecoder().decode(files.get('proc/cmdline') as Uint8Array);
    expect(taken).toBe('intel_iommu=on,relax_rmrr iommu=pt\n');
  });
});
