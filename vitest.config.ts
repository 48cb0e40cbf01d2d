import { defineConfig } from 'vitest/config';

/** Tests of the pure rooms and of what is between the rooms. */
const PURE =
  'test/{base,acpi,machine,evidence,regions,linux,toolstack,xen,check,diff,answers,render}/**/*.test.ts';

/** By name, what asks thousands of recorded answers, every real table, or another program. */
const HEAVY = '**/*{vectors,corpus,iasl,tools,growth,regexps}.test.ts';

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        // What is pure needs no process of its own: modules are loaded once a thread.
        extends: true,
        test: {
          name: 'fast',
          include: [PURE, 'test/floors.test.ts'],
          exclude: [HEAVY],
          pool: 'threads',
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: ['test/**/*.test.ts'],
          exclude: [PURE, HEAVY, 'test/floors.test.ts'],
        },
      },
      { extends: true, test: { name: 'heavy', include: [HEAVY] } },
    ],
  },
});
