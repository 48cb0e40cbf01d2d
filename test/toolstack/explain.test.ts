import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explainVerdict } from '../../src/toolstack/explain.js';
import { type GuestConfig, layOutGuest, MIB } from '../../src/toolstack/libxl/layout.js';
import { completeConfig } from '../../src/toolstack/xl/config.js';

const regionsAt = (starts: readonly number[]) => () =>
  starts.map((start) => ({ start_pfn: BigInt(start), nr_pages: 16n, owners: [] }));
const strict = (options: Partial<GuestConfig> & { memory: bigint }) =>
  completeConfig({ rdm: { strategy: 'host', policy: 'strict' }, ...options });

test('the way out that a refusal names lets the guest be created', () => {
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
        const verdict = explainVerdict(layOutGuest(config, regionsAt(starts)), config);
        const [, lower] = /rdm_mem_boundary=(\d+)/.exec(verdict) ?? [];
        const [, less] = /With (\d+) MiB of memory/.exec(verdict) ?? [];
        if (lower === undefined && less === undefined) return;
        named += 1;
        const better = {
          ...config,
          ...(lower === undefined ? {} : { rdmMemBoundary: BigInt(lower) * MIB }),
          ...(less === undefined ? {} : { memory: BigInt(less) * MIB }),
        };
        expect(layOutGuest(better, regionsAt(starts)).refusal).toBeNull();
      },
    ),
    { numRuns: 2000 },
  );
  expect(named).toBeGreaterThan(100);
});

test("the way out of xl.cfg(5)'s own example counts both regions", () => {
  const config = strict({ memory: 2800n * MIB, rdmMemBoundary: 3072n * MIB });
  const verdict = explainVerdict(layOutGuest(config, regionsAt([0xad800, 0xac6d3])), config);
  expect(verdict).toContain('rdm_mem_boundary=2758');
});

test('relaxed is named as the way out of a conflict in the first MiB', () => {
  const config = strict({ memory: 512n * MIB });
  const verdict = explainVerdict(layOutGuest(config, regionsAt([0xe6])), config);
  expect(verdict).toContain('RDM conflict at 0x00000000000e6000. The policy "relaxed" would');
});
