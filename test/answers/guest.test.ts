import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createGuest, type GuestOutcome } from '../../src/answers/guest.js';
import { explainVerdict } from '../../src/render/guest/words.js';
import { type GuestConfig, MIB } from '../../src/toolstack/libxl/layout.js';
import { completeConfig } from '../../src/toolstack/xl/config.js';
import { bootXen } from '../../src/xen/boot.js';
import { parseCmdline } from '../../src/xen/cmdline.js';
import { UNKNOWN_MACHINE } from '../../src/xen/machine.js';
import { newestRelease } from '../../src/xen/releases.js';
import { tableOf } from '../support/tables.js';

/** A hypervisor that reports regions of 16 pages, the last first, each of one device. */
function xenWith(starts: readonly number[]) {
  const structures = [
    { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed90000' },
    ...starts.map((start, i) => ({
      name: 'RMRR',
      baseAddress: `0x${(start * 0x1000).toString(16)}`,
      limitAddress: `0x${((start + 16) * 0x1000 - 1).toString(16)}`,
      devices: [`0000:00:0${i + 1}.0`],
    })),
  ];
  const release = newestRelease();
  return bootXen(
    { dmar: tableOf({ structures }) },
    UNKNOWN_MACHINE,
    release,
    parseCmdline('', release),
  );
}

const answerFor = (config: GuestConfig, starts: readonly number[]): GuestOutcome =>
  createGuest({ config, info: null, notes: [] }, xenWith(starts));
const strict = (options: Partial<GuestConfig> & { memory: bigint }) =>
  completeConfig({ rdm: { strategy: 'host', policy: 'strict' }, ...options });

test('the setting that a refusal names lets the guest be created', () => {
  let named = 0;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 0x200000 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 2, max: 8192 }),
      fc.integer({ min: 0, max: 4096 }),
      fc.boolean(),
      (starts, memory, boundary, hap) => {
        const config = strict({
          memory: BigInt(memory) * MIB,
          rdmMemBoundary: BigInt(boundary) * MIB,
          hap,
        });
        const answer = answerFor(config, starts);
        for (const { setting, mib } of answer.remedies) {
          named += 1;
          expect(explainVerdict(answer)).toContain(String(mib));
          const change =
            setting === 'memory' ? { memory: mib * MIB } : { rdmMemBoundary: mib * MIB };
          expect(answerFor({ ...config, ...change }, starts).refusal).toBeNull();
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(named).toBeGreaterThan(50);
});

test("the remedy of xl.cfg(5)'s own example counts both regions", () => {
  const config = strict({ memory: 2800n * MIB, rdmMemBoundary: 3072n * MIB });
  const verdict = explainVerdict(answerFor(config, [0xac6d3, 0xad800]));
  expect(verdict).toContain('rdm_mem_boundary=2758');
});

test('relaxed is named as the remedy of a conflict in the first MiB', () => {
  const config = strict({ memory: 512n * MIB });
  const verdict = explainVerdict(answerFor(config, [0xe6]));
  expect(verdict).toContain('RDM conflict at 0x00000000000e6000. The policy "relaxed" would');
});
