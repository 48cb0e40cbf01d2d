import { describe, expect, test } from 'vitest';
import {
  acceptsNvs,
  does,
  knowsRelax,
  type LinuxKernel,
  offSwitch,
  parseLinuxRelease,
} from '../../src/linux/kernel.js';

const kernel = (release: string) => parseLinuxRelease(release) as LinuxKernel;

test.each([
  ['5.2', false],
  ['5.3', true],
  ['5.15.0-91-generic', true],
  ['6.6', true],
  ['10.0', true],
  ['4.19', false],
])('%s has what is below a named bridge: %s', (release, has) => {
  expect(does(kernel(release), 'belowBridge')).toBe(has);
});

test.each([
  ['6.2.16-13-pve', true],
  ['6.2.16-12-pve', false],
  ['6.2.16-4-bpo11-pve', false],
  ['6.5.13-6-pve', true],
  ['6.8.12-4-pve', true],
  ['6.8-pve', true],
  ['5.15.158-2-pve', false],
  ['5.4.203-1-pve', false],
  ['6.8.0-45-generic', false],
  ['7.3.4+deb13-amd64', false],
])('%s knows relax_rmrr: %s', (release, knows) => {
  expect(knowsRelax(release)).toBe(knows);
});

test.each([
  ['5.4.0-200-generic', false],
  ['5.10.0-32-amd64', true],
  ['5.11', false],
  ['5.15.0-204-generic', true],
  ['6.0', false],
  ['6.1.0-56-amd64', true],
])('%s takes ACPI NVS for reserved: %s', (release, accepts) => {
  expect(acceptsNvs(kernel(release))).toBe(accepts);
});

describe('the option that switches remapping off', () => {
  test.each([
    ['quiet intel_iommu=off', 'intel_iommu=off'],
    ['intel_iommu=on intel_iommu=off', 'intel_iommu=off'],
    ['intel_iommu=sm_on,off', 'intel_iommu=off'],
    ['intel_iommu=off intel_iommu=on', null],
    ['intel_iommu=on,igfx_off', null],
    ['iommu=off intel_iommu=on', 'iommu=off'],
    ['iommu=pt', null],
    ['xintel_iommu=off', null],
    ['', null],
  ])('of %j is %j', (cmdline, option) => {
    expect(offSwitch(cmdline)).toBe(option);
  });
});
