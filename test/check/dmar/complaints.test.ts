import { describe, expect, it } from 'vitest';
import { decodeDmar } from '../../../src/acpi/dmar/decode.js';
import { checkTable } from '../../../src/check/check.js';
import { RULES_BY_ID } from '../../../src/check/rules.js';
import { CASES } from './cases.js';

/**
 * What others complain of, each as they put it, with the rules that find the same. Left out is what no
 * table tells: registers that read all ones, and faults the kernel logs while it runs.
 */
const COMPLAINTS: readonly [who: string, complaint: string, rules: readonly string[]][] = [
  // Linux, drivers/iommu/intel/dmar.c
  ['Linux', 'Invalid DMAR haw', ['table-address-width-too-small']],
  ['Linux', 'Invalid 0-length structure', ['structure-length-zero']],
  ['Linux', 'Record passes table end', ['structure-length-overrun', 'structure-header-truncated']],
  ['Linux', 'Unknown DMAR structure type', ['structure-unknown-type']],
  ['Linux', 'No DRHD structure found in DMAR table', ['drhd-none']],
  ['Linux', 'Your BIOS is broken; DMAR reported at address 0', ['drhd-base-zero']],
  ['Linux', "Can't validate DRHD address", ['drhd-base-all-ones']],
  ['Linux', 'Unsupported device scope', ['scope-type-unknown']],
  [
    'Linux',
    'Device scope type does not match',
    ['scope-endpoint-is-bridge', 'scope-bridge-is-endpoint'],
  ],
  [
    'Linux',
    'RMRR entry for device … is broken - applying workaround',
    ['scope-start-bus-behind-bridge'],
  ],
  ['Linux', 'ANDD object name is not NUL-terminated', ['andd-name-unterminated']],
  ['Linux', 'Failed to find handle for ACPI object', ['andd-name-empty']],
  ['Linux', 'No IOMMU scope found for ANDD enumeration ID', ['andd-no-scope']],
  ['Linux', 'RHSA refers to non-existent DMAR unit', ['rhsa-no-unit']],
  // Linux, drivers/iommu/intel/iommu.c and arch/x86/include/asm/iommu.h
  [
    'Linux',
    'Your BIOS is broken; bad RMRR',
    [
      'rmrr-base-unaligned',
      'rmrr-limit-unaligned',
      'rmrr-limit-page-boundary',
      'rmrr-base-above-limit',
    ],
  ],
  ['Linux', 'RMRR exceeds permitted address width', ['rmrr-beyond-width']],
  [
    'Linux',
    'No firmware reserved region can cover this RMRR',
    ['rmrr-in-usable-memory', 'rmrr-not-reserved'],
  ],
  [
    'Linux',
    'Device is ineligible for IOMMU domain attach due to platform RMRR requirement',
    ['rmrr-binding'],
  ],
  // Linux, drivers/iommu/intel/irq_remapping.c and arch/x86/kernel/apic/apic.c
  [
    'Linux',
    'ioapic … has no mapping iommu, interrupt remapping will be disabled',
    ['table-no-io-apic'],
  ],
  ['Linux', 'x2apic is disabled because BIOS sets x2apic opt out bit', ['table-x2apic-opt-out']],
  // Linux, drivers/acpi/acpica/tbprint.c
  ['Linux', 'Incorrect checksum in table [DMAR]', ['table-checksum']],
  // fwts, src/acpi/dmar/dmar.c; its MultipleDRHDSFlag counts units of all segments together, which no rule asks
  ['fwts', 'InvalidDMAR', ['table-header-truncated', 'drhd-none']],
  ['fwts', 'InvalidDevScope', ['scope-length-short']],
  ['fwts', 'Unknown device scope type', ['scope-type-unknown']],
  ['fwts', 'DevScopeTypeNoMatch', ['scope-endpoint-is-bridge', 'scope-bridge-is-endpoint']],
  ['fwts', 'DevScopeDevNotFound', ['drhd-device-absent', 'scope-device-absent']],
  ['fwts', 'InvalidDRHDRegAddr', ['drhd-base-unaligned']],
  ['fwts', 'MultipleDRHDSFlag', ['drhd-include-all-twice']],
  [
    'fwts',
    'InvalidRMRRRangeAddr',
    [
      'rmrr-base-unaligned',
      'rmrr-limit-unaligned',
      'rmrr-limit-page-boundary',
      'rmrr-base-above-limit',
    ],
  ],
];

describe('what others complain of', () => {
  it.each(COMPLAINTS)('%s: %s', (who, _complaint, rules) => {
    for (const id of rules) {
      const { bytes, host } = CASES[id]?.bad ?? { bytes: new Uint8Array(), host: undefined };
      expect(checkTable(decodeDmar(bytes), host).findings.map(({ rule }) => rule.id)).toContain(id);
      expect(RULES_BY_ID.get(id)?.consequences.map(({ who }) => who)).toContain(who);
    }
  });
});
