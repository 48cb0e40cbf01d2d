import { describe, expect, test } from 'vitest';
import { answerExplain } from '../../src/answers/explain.js';
import { readLog } from '../../src/evidence/logs/read.js';
import type { LogSource } from '../../src/evidence/source.js';
import { mend } from '../../src/evidence/text.js';
import { meaningOf } from '../../src/render/explain/words.js';

/** The evidence of a log. */
function logOf(...lines: string[]) {
  const log = readLog(mend(lines.join('\n')));
  if (log === null) throw new Error('no log');
  const { kind, regions, units } = log;
  const source: LogSource = {
    kind,
    table: 'DMAR',
    log,
    regions,
    units,
    completeness: 'whole',
    path: 'log',
    notes: [],
    hostTree: null,
  };
  return { source, host: null };
}

const explain = (...lines: string[]) => answerExplain([logOf(...lines)], []).explanations;

const REGION = 'DMAR: RMRR base: 0x000000bdf8f000 end: 0x000000bdf92fff';
const USABLE = 'BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable';
const RESERVED = 'BIOS-e820: [mem 0x00000000bdf00000-0x00000000bfffffff] reserved';
const FAULT =
  'DMAR: [DMA Write NO_PASID] Request device [04:00.4] fault addr 0xbdf80000 [fault reason 0x05] PTE Write access is not set';

describe('a DMA fault', () => {
  const ofXen = [
    '(XEN) [VT-D]found ACPI_DMAR_RMRR:',
    '(XEN) [VT-D] endpoint: 0000:04:00.0',
    '(XEN) [VT-D]dmar.c:608:   RMRR region: base_addr bdf8f000 end_addr bdf92fff',
  ];

  test('outside every region names who of the slot has one, and the option that would add one', () => {
    const [only] = explain(
      '(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:04:00.4] fault addr bdf80000',
      ...ofXen,
    );
    expect(only?.finding).toMatchObject({
      code: 'fault-outside-regions',
      named: false,
      siblings: [{ bus: 4, device: 0, func: 0 }],
    });
    expect(only?.remedies.map(({ command }) => command)).toContain('rmrr=0xbdf80=0:4:0.4');
    expect(meaningOf(only as never)).toContain('0xbdf80000 is in none of the regions.');
  });

  test('in a region that names another device is told apart from one in its own', () => {
    const at = (address: string, device: string) =>
      explain(
        `(XEN) [VT-D]DMAR:[DMA Write] Request device [${device}] fault addr ${address}`,
        ...ofXen,
      )[0]?.finding.code;
    expect(at('bdf90000', '0000:04:00.4')).toBe('fault-in-foreign-region');
    expect(at('bdf90000', '0000:04:00.0')).toBe('fault-in-own-region');
    expect(at('bdf93000', '0000:04:00.0')).toBe('fault-outside-regions');
  });

  test("in usable RAM is the driver's, and no region is missing", () => {
    expect(explain(USABLE, REGION, FAULT)[0]?.problem).toBe('stray-access');
    expect(explain(RESERVED, REGION, FAULT)[0]?.problem).toBe('missing-region');
  });

  test('of an interrupt has nothing to do with regions', () => {
    const [only] = explain(
      'DMAR: [DMA Read] Request device [00:1f.2] fault addr ffffff [fault reason 37] Blocked a compatibility format interrupt request',
      REGION,
    );
    expect(only?.problem).not.toBe('missing-region');
  });

  test('is told once, however often it is repeated', () => {
    expect(explain(REGION, FAULT, FAULT, FAULT)).toHaveLength(1);
  });
});

describe('a complaint about a region', () => {
  const complaint =
    'DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR [0x00000000bdf8f000-0x00000000bdf92fff], contact BIOS vendor for fixes';

  test.each([
    [USABLE, 'usable', 'region-in-ram'],
    [RESERVED, 'reserved', null],
  ])('is judged by the memory map: %s', (map, memory, problem) => {
    const [only] = explain(map, REGION, complaint);
    expect(only).toMatchObject({ finding: { code: 'region-against-map', memory }, problem });
  });

  test('says that it is not known where the map is not', () => {
    expect(explain(REGION, complaint)[0]?.finding).toMatchObject({ memory: 'unknown' });
  });
});

describe('a refusal', () => {
  const refusal =
    'vfio-pci 0000:03:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.';
  const codes = (...lines: string[]) => explain(...lines)[0]?.remedies.map(({ code }) => code);

  test('on a Proxmox kernel that knows the option names it; on an older one it does not', () => {
    const pve = (release: string) => codes(`Linux version ${release} (build@host) #1`, refusal);
    expect(pve('6.8.12-4-pve')).toContain('proxmox-relax-rmrr');
    expect(pve('6.2.16-13-pve')).toContain('proxmox-relax-rmrr');
    expect(pve('6.2.16-12-pve')).not.toContain('proxmox-relax-rmrr');
    expect(pve('5.15.0-91-generic')).not.toContain('proxmox-relax-rmrr');
  });

  test('on an HPE machine begins with what HPE offers for it', () => {
    const on = (model: string) => codes(`DMI: HP ${model}, BIOS P89 10/21/2019`, refusal)?.[0];
    expect(on('ProLiant DL380p Gen8')).toBe('hpe-conrep');
    expect(on('ProLiant DL380 Gen9/ProLiant DL380 Gen9')).toBe('hpe-shared-memory');
    expect(on('ProLiant MicroServer Gen8')).toBe('hpe-microserver-gen8');
  });

  test('on an AMD machine is about IVMD, which no option relaxes', () => {
    const ivrs =
      'ACPI: IVRS 0x00000000A8E7B000 0001A4 (v02 AMD    AmdTable 00000001 AMD  00000001)';
    expect(explain(ivrs, refusal)[0]?.problem).toBe('unity-region');
    expect(codes(ivrs, refusal)).toContain('no-relax-on-amd');
    expect(codes(ivrs, refusal)).not.toContain('proxmox-or-patched');
  });

  test('never advises what ends passthrough altogether', () => {
    for (const { text, command } of explain(refusal)[0]?.remedies ?? []) {
      expect(`${text} ${command}`).not.toMatch(/iommu=off|allow_unsafe_interrupts/);
    }
  });
});

describe('a line by itself', () => {
  test('is known however it is shortened', () => {
    const { explanations, unknown } = answerExplain(
      [],
      ['Device is ineligible for IOMMU domain attach …'],
    );
    expect(unknown).toEqual([]);
    expect(explanations[0]?.sighting.line.code).toBe('refused-rmrr');
  });

  test('that nobody prints is said to be unknown', () => {
    const { explanations, unknown } = answerExplain([], ['the quick brown fox jumps']);
    expect(explanations).toEqual([]);
    expect(unknown).toHaveLength(1);
  });
});
