import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeVectorHost, hostFiles, writeTree } from '../support/host-tree.js';
import { runDmar } from '../support/program.js';
import { type BootedCase, bytesOfHex, readCases, vectorFolders } from '../support/vectors.js';

/** All cases go through the library; through the program, which takes a process each, one in so many. */
const EVERY = 12;

const folder = mkdtempSync(join(tmpdir(), 'dmar-vectors-'));
// Tens of thousands of small files.
afterAll(() => rmSync(folder, { recursive: true }), 120_000);

describe.each(vectorFolders())('booted hypervisors of %s, through the program', (vectors) => {
  it('answer as dmar map --root does on a captured tree of their machine', async () => {
    const cases = readCases<BootedCase>(vectors, 'booted').filter((_, i) => i % EVERY === 0);
    for (const { test, host } of cases) {
      const root = mkdtempSync(join(folder, 'host-'));
      writeTree(hostFiles(describeVectorHost(host)), root);
      const call = test.calls.all_exact ?? Object.values(test.calls)[0];
      const { stdout } = await runDmar(
        [
          ...['map', '-', '--json', '--root', root, '--xen', test.release],
          ...['--xen-cmdline', test.cmdline, '--nr-entries', String(call?.nr_in)],
          ...(test.abi === 'compat' ? ['--compat'] : []),
        ],
        { input: bytesOfHex(test.dmar_hex) },
      );
      const { boot, hypercall, entries } = JSON.parse(stdout);
      const got = {
        vtd: boot.vtd === 'enabled',
        rc: hypercall.rc,
        nr_in: hypercall.nr_entries_in,
        nr_out: hypercall.nr_entries,
        entries: entries.map((entry: { start_pfn: number; nr_pages: number }) => [
          entry.start_pfn,
          entry.nr_pages,
        ]),
      };
      expect(got, `${test.release} ${test.name}`).toEqual({ vtd: test.vtd, ...call });
    }
    console.log(`${vectors}: ${cases.length} booted cases through the program`);
  }, 120_000);
});
