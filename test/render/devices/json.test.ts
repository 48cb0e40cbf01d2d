import { expect, it } from 'vitest';
import { answerDevices } from '../../../src/answers/devices.js';
import { devicesToJson } from '../../../src/render/devices/json.js';
import { evidenceOf } from '../../support/evidence.js';
import { hostFiles } from '../../support/host-tree.js';
import { schemaErrors } from '../../support/schema.js';
import { tableOf } from '../../support/tables.js';

const dmar = tableOf({
  structures: [{ name: 'DRHD', includePciAll: true, registerBaseAddress: '0xfed91000' }],
});

/** What is said of the first of devices that are one group. */
function firstOf(count: number) {
  const bdfs = Array.from({ length: count }, (_, i) => {
    const bus = (i >> 8).toString(16).padStart(2, '0');
    const slot = ((i >> 3) & 31).toString(16).padStart(2, '0');
    return `0000:${bus}:${slot}.${i & 7}`;
  });
  const files = hostFiles({
    linux: '6.12.0',
    pci: bdfs.map((bdf) => ({ bdf, class: '0x020000' })),
    iommuGroups: { 1: { devices: bdfs } },
  });
  const document = devicesToJson(answerDevices(evidenceOf(dmar, files), { all: true }));
  const source = { ...(document.source as object), sha256: '0'.repeat(64) };
  expect(schemaErrors('devices', { ...document, source })).toEqual([]);
  return { bdfs, ...(document.devices as { goes_with: object; iommu_group: object }[])[0] };
}

it('a list of others holds 256, and says where there are more', () => {
  const few = firstOf(256);
  expect(few.iommu_group).toEqual({ id: 1, devices: few.bdfs });
  expect(few.goes_with).toEqual({ group: few.bdfs.slice(1), regions: [] });
  const many = firstOf(258);
  expect(many.iommu_group).toEqual({ id: 1, devices: many.bdfs.slice(0, 256), truncated: true });
  expect(many.goes_with).toEqual({ group: many.bdfs.slice(1, 257), regions: [], truncated: true });
});
