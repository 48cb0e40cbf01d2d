import { expect, test } from 'vitest';
import { runDmar } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';

test('explain --json fits its schema', async () => {
  const line = 'DMAR: RMRR base: 0x000000ae74f000 end: 0x000000ae76efff';
  const refusal = 'Device is ineligible for IOMMU domain attach';
  const { stdout } = await runDmar(['explain', '--json', line, refusal]);
  expect(schemaErrors('explain', JSON.parse(stdout))).toEqual([]);
});
