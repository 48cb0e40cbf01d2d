import type { Diagnostic } from '../../acpi/diagnostic.js';
import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import { formatSbdf } from '../../base/sbdf.js';
import { E820 } from '../../machine/host.js';
import { explainRegion, explainVerdict, type Note } from '../../toolstack/explain.js';
import { type GuestConfig, type GuestLayout, MIB } from '../../toolstack/libxl/layout.js';
import type { Xen } from '../../xen/boot.js';
import { type JsonObject, jsonInteger } from '../basics/json.js';
import type { SourceJson } from '../basics/source-json.js';

/** What the output of `dmar guest` tells, in whatever format. */
export interface GuestAnswer {
  readonly config: GuestConfig;
  readonly layout: GuestLayout;
  /** Findings about the guest and its layout. */
  readonly remarks: readonly Note[];
  /** What to know of the source and of the choice of the release. */
  readonly notes: readonly string[];
  /** What the hypervisor found odd. */
  readonly diagnostics: readonly Diagnostic[];
  readonly xen: Xen;
  readonly iommu: 'on' | 'off';
}

const bounds = (start: bigint, size: bigint) => ({
  base: formatAddress(start),
  limit: formatAddress(BigInt.asUintN(64, start + size - 1n)),
});

/** What the E820's types are called. */
export const typeName = (type: number): string => (type === E820.ram ? 'RAM' : 'reserved');

const mib = (bytes: bigint) => jsonInteger(bytes / MIB);

/** A guest's layout as JSON: see the JSON Schema `guest`. Settings have xl.cfg's names and are in MiB. */
export function guestToJson(source: SourceJson, answer: GuestAnswer): JsonObject {
  const { config, layout, remarks, diagnostics, notes, xen, iommu } = answer;
  return {
    source,
    model: { xen: xen.release.name, abi: 'native', iommu },
    guest: {
      memory: mib(config.memory),
      mmio_hole: mib(config.mmioHole),
      hap: config.hap,
      rdm: { strategy: config.rdm.strategy, policy: config.rdm.policy ?? 'relaxed' },
      rdm_mem_boundary: mib(config.rdmMemBoundary),
      pci: config.pci.map(({ device, rdmPolicy }) => ({
        device: formatSbdf(device),
        rdm_policy: rdmPolicy ?? 'strict',
      })),
    },
    created: layout.refusal === null,
    refusal: layout.refusal,
    message: explainVerdict(layout, config),
    memory: {
      lowmem_end: formatAddress(layout.lowmemEnd),
      mmio_start: formatAddress(layout.mmioStart),
      highmem_end: layout.highmemEnd === 0n ? null : formatAddress(layout.highmemEnd),
    },
    e820: layout.e820.map(({ start, size, type }) => ({
      ...bounds(start, size),
      size: jsonInteger(size),
      type: typeName(type),
    })),
    regions: regionsToJson(answer),
    devices_without_region: layout.withoutRegion.map(formatSbdf),
    remarks: remarks.map((remark) => ({ ...remark })),
    diagnostics: diagnostics.map((diagnostic) => ({ ...diagnostic })),
    notes: [...notes],
  };
}

/** The guest's regions, in libxl's order. */
export const regionsToJson = ({ layout, config }: GuestAnswer): JsonObject[] =>
  layout.regions.map((region) => ({
    start_pfn: jsonInteger(region.start / PAGE_SIZE),
    nr_pages: jsonInteger(region.size / PAGE_SIZE),
    ...bounds(region.start, region.size),
    devices: [...region.owners],
    assigned: region.devices.map(formatSbdf),
    policy: region.policy,
    fate: region.fate,
    message: explainRegion(region, layout, config),
  }));
