import type { GuestAnswer } from '../../answers/guest.js';
import type { FinalMap } from '../../answers/guest-boot.js';
import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import { formatSbdf } from '../../base/sbdf.js';
import { E820 } from '../../machine/host.js';
import {
  type E820Entry,
  type GivenPolicy,
  MIB,
  type RdmPolicy,
} from '../../toolstack/libxl/layout.js';
import type { Format } from '../basics/format.js';
import { FORMAT_VERSION, type JsonObject, jsonInteger } from '../basics/json.js';
import { extentOf } from '../basics/region-json.js';
import { sourceToJson } from '../basics/source-json.js';
import { explainNote, explainRegion, explainVerdict } from './words.js';

const bounds = (start: bigint, size: bigint) => ({
  base: formatAddress(start),
  limit: formatAddress(BigInt.asUintN(64, start + size - 1n)),
});

/** What the E820's types are called. */
export const typeName = (type: number): string =>
  type === E820.ram ? 'RAM' : type === E820.nvs ? 'NVS' : 'reserved';

const entriesToJson = (entries: readonly E820Entry[]): JsonObject[] =>
  entries.map(({ start, size, type }) => ({
    ...bounds(start, size),
    size: jsonInteger(size),
    type: typeName(type),
  }));

/** What hvmloader leaves; addresses on the guest's own PCI bus are `devfn`s. */
const finalToJson = ({ result, approximate }: FinalMap): JsonObject =>
  result.boots
    ? {
        e820: entriesToJson(result.e820),
        pci_hole: {
          start: formatAddress(result.pciMemStart),
          end: formatAddress(result.pciMemEnd),
        },
        high_window:
          result.highWindow === null
            ? null
            : {
                start: formatAddress(result.highWindow.start),
                end: formatAddress(result.highWindow.end),
              },
        bars: result.bars.map(({ devfn, bar, kind, size, address }) => ({
          devfn,
          bar,
          kind,
          size: jsonInteger(size),
          address: address === null ? null : formatAddress(address),
        })),
        boots: true,
        stops_in: null,
        approximate: [...approximate],
      }
    : {
        e820: [],
        pci_hole: null,
        high_window: null,
        bars: [],
        boots: false,
        stops_in: result.stopsIn,
        approximate: [],
      };

const mib = (bytes: bigint) => jsonInteger(bytes / MIB);

/** A guest's layout as JSON: see the JSON Schema `guest`. Settings have xl.cfg's names and are in MiB. */
export function guestToJson(answer: GuestAnswer): JsonObject {
  const { source, iommu, sourceNotes, config, layout, refusal, assign, diagnostics, xen } = answer;
  return {
    source: sourceToJson(source),
    model: { xen: xen.release.name, abi: 'native', iommu },
    guest: {
      type: answer.type,
      memory: mib(config.memory),
      mmio_hole: mib(config.mmioHole),
      hap: config.hap,
      rdm: { strategy: config.rdm.strategy, policy: defined(config.rdm.policy ?? 'relaxed') },
      rdm_mem_boundary: mib(config.rdmMemBoundary),
      pci: config.pci.map(({ device, rdmPolicy }) => ({
        device: formatSbdf(device),
        rdm_policy: defined(rdmPolicy ?? 'strict'),
      })),
    },
    created: refusal === null,
    refusal,
    assign:
      assign === null
        ? null
        : {
            device: formatSbdf(assign.device),
            errno: assign.errno,
            rmrr_base: formatAddress(assign.rmrrBase),
          },
    message: explainVerdict(answer),
    memory: {
      lowmem_end: formatAddress(layout.lowmemEnd),
      mmio_start: formatAddress(layout.mmioStart),
      highmem_end: layout.highmemEnd === 0n ? null : formatAddress(layout.highmemEnd),
    },
    e820: entriesToJson(layout.e820),
    final: answer.final === null ? null : finalToJson(answer.final),
    regions: regionsToJson(answer),
    devices_without_region: layout.withoutRegion.map(formatSbdf),
    remarks: answer.notes.map((note) => ({ ...explainNote(note, answer) })),
    diagnostics: diagnostics.map((diagnostic) => ({ ...diagnostic })),
    notes: [...sourceNotes],
    format_version: FORMAT_VERSION,
  };
}

export const json: Format<GuestAnswer> = { document: guestToJson };

/** A policy that somebody set; null for what xl never wrote to. */
const defined = (policy: GivenPolicy): RdmPolicy | null => (policy === 'undefined' ? null : policy);

/** The guest's regions, in libxl's order. */
export const regionsToJson = (answer: GuestAnswer) =>
  answer.layout.regions.map((region) => ({
    start_pfn: jsonInteger(region.start / PAGE_SIZE),
    nr_pages: jsonInteger(region.size / PAGE_SIZE),
    ...bounds(region.start, region.size),
    ...extentOf(region.start / PAGE_SIZE, region.size / PAGE_SIZE),
    devices: [...region.owners],
    assigned: region.devices.map(formatSbdf),
    policy: defined(region.policy),
    fate: region.fate,
    message: explainRegion(region, answer),
  }));

export type GuestRegionJson = ReturnType<typeof regionsToJson>[number];
