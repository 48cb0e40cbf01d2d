import type { DmarTable } from '../../acpi/dmar/decode.js';
import { type DeviceScope, SCOPE_ENDPOINT } from '../../acpi/dmar/device-scope.js';
import type { Drhd } from '../../acpi/dmar/drhd.js';
import { encodeDmar } from '../../acpi/dmar/encode.js';
import { type DmarHeader, dmarHeader } from '../../acpi/dmar/header.js';
import { type Rmrr, rmrr } from '../../acpi/dmar/rmrr.js';
import { NO_BYTES } from '../../acpi/layout.js';
import type { Sbdf } from '../../base/sbdf.js';
import type { LogRegion } from '../../evidence/logs/log.js';
import type { Origin } from '../../regions/region.js';
import type { MissingRegion, RdmMapResult } from '../rdm-map.js';
import type { ReportedRegion } from '../reported-region.js';

/** What the hypervisor's table needs of a region. */
export type LoggedRegion = Pick<LogRegion, 'base' | 'limit' | 'devices'> &
  Partial<Pick<LogRegion, 'log' | 'line'>>;

const HEADER: DmarHeader = {
  signature: 'DMAR',
  length: 0,
  revision: 1,
  checksum: 0,
  oemId: '\0'.repeat(6),
  oemTableId: '\0'.repeat(8),
  oemRevision: 0,
  creatorId: '\0'.repeat(4),
  creatorRevision: 0,
  hostAddressWidth: 63,
  flags: 0,
  reserved: new Uint8Array(10),
};

/** The unit that any machine with regions has, so that VT-d comes up. */
const UNIT: Drhd = {
  type: 0,
  name: 'DRHD',
  offset: 0,
  length: 16,
  flags: 1,
  size: 0,
  segment: 0,
  registerBaseAddress: 0xfed9_0000n,
  deviceScope: [],
  trailing: NO_BYTES,
};

/** Stands for the devices that a log does not name; there is hardly a machine that has it. */
const UNNAMED: Sbdf = { segment: 0, bus: 0xff, device: 0x1f, func: 7 };

/** Bytes of a device scope with a single hop. */
const SCOPE_LENGTH = 8;

const scopeOf = ({ bus, device, func }: Sbdf): DeviceScope => ({
  type: SCOPE_ENDPOINT,
  offset: 0,
  length: SCOPE_LENGTH,
  flags: 0,
  reserved: 0,
  enumerationId: 0,
  startBusNumber: bus,
  path: [[device, func]],
  trailing: NO_BYTES,
});

/** Devices for which there is room in a structure, whose length has 16 bits. */
const MOST_DEVICES = Math.floor((0xffff - rmrr.fixedLength) / SCOPE_LENGTH);

function rmrrOf({ base, limit, devices }: LoggedRegion): Rmrr {
  const named = (devices ?? [UNNAMED]).slice(0, MOST_DEVICES);
  return {
    type: 1,
    name: 'RMRR',
    offset: 0,
    length: rmrr.fixedLength + SCOPE_LENGTH * named.length,
    reserved: 0,
    segment: named[0]?.segment ?? 0,
    baseAddress: base,
    limitAddress: limit,
    deviceScope: named.map(scopeOf),
    trailing: NO_BYTES,
  };
}

/**
 * A table with regions of which only a log tells, for the modelled hypervisor to parse. Its answer must
 * go through `withoutTable`.
 */
export function tableOfRegions(regions: readonly LoggedRegion[]): Uint8Array {
  const structures = [UNIT, ...regions.map(rmrrOf)];
  const length = structures.reduce(
    (sum, structure) => sum + structure.length,
    dmarHeader.fixedLength,
  );
  const table: DmarTable = {
    kind: 'DMAR',
    header: { ...HEADER, length },
    structures,
    trailing: NO_BYTES,
  };
  return encodeDmar(table);
}

/** An answer about a table that `tableOfRegions` made, rid of all that the log did not tell. */
export function withoutTable(result: RdmMapResult, regions: readonly LoggedRegion[]): RdmMapResult {
  const { answer } = result;
  const strip = (unit: ReportedRegion): ReportedRegion => {
    if (unit.rmrr === null) return unit;
    const region = regions[unit.rmrr.index];
    return {
      ...unit,
      rmrr: { ...unit.rmrr, offset: null },
      origin: originOf(region),
      devices: region?.devices == null ? [] : unit.devices,
    };
  };
  const { failure } = result.xen;
  return {
    ...result,
    xen: {
      ...result.xen,
      failure: failure && { ...failure, message: withoutOffsets(failure.message) },
    },
    answer: answer && {
      ...answer,
      entries: answer.entries.map((entry) => ({ ...entry, unit: strip(entry.unit) })),
    },
    missing: result.missing.map((region) => stripMissing(region, regions)),
    diagnostics: result.diagnostics.map((diagnostic) => ({
      ...diagnostic,
      offset: 0,
      length: 0,
      message: withoutOffsets(diagnostic.message),
    })),
  };
}

/** The line that told of a region; null where that is not known. */
const originOf = (region: LoggedRegion | undefined): Origin | null =>
  region?.log === undefined || region.line === undefined
    ? null
    : { log: region.log, line: region.line };

const stripMissing = (region: MissingRegion, regions: readonly LoggedRegion[]): MissingRegion => ({
  ...region,
  rmrr: region.rmrr && { ...region.rmrr, offset: null },
  origin: region.rmrr === null ? region.origin : originOf(regions[region.rmrr.index]),
  message: withoutOffsets(region.message),
});

/** Offsets are those of a table that nobody has. */
const withoutOffsets = (message: string): string => message.replace(/ at offset \d+/g, '');
