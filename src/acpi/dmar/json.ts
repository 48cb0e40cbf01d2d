import { formatAddress } from '../../base/address.js';
import { bytesToHex } from '../../base/hex.js';
import { formatPath, formatSbdf, type Sbdf } from '../../base/sbdf.js';
import type { Field, FlagBits } from '../layout.js';
import type { DmarTable } from './decode.js';
import { type DeviceScope, deviceScope, scopeTypeName } from './device-scope.js';
import { dmarHeader } from './header.js';
import { kindOf, type Scoped, type Structure } from './structures.js';

/** A layout's fields as JSON holds them. */
export interface JsonFields {
  readonly [field: string]: JsonField;
}
type JsonField = string | number | boolean | null | readonly JsonFields[] | readonly number[][];

/** A table as JSON: every byte of it can be told from this. */
export interface JsonTable {
  readonly header: JsonFields;
  readonly structures: readonly JsonFields[];
  /** Hex digits; left out where nothing follows the last structure. */
  readonly trailing?: string;
}

/** Tells which function a device scope's path leads to on a machine; null where that cannot be told. */
export type ResolvePath = (
  segment: number,
  startBus: number,
  path: DeviceScope['path'],
) => Sbdf | null;

/** Key under which JSON tells one bit of a flags byte, e.g. `includePciAll` for INCLUDE_PCI_ALL. */
export const flagKey = (bit: string): string =>
  bit.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/**
 * A decoded table as JSON, in the shape that `dmar show --json` promises: addresses as `0x` and 16 hex
 * digits, runs of bytes as hex digits, flags as their byte and bit by bit. Left out is only a `trailing` of no bytes.
 *
 * @param resolve follows paths of several hops over a machine's bridges; without it those keep their path
 *   notation, `0000:00:1c.0/00.0`
 */
export function tableToJson(table: DmarTable, resolve?: ResolvePath): JsonTable {
  return {
    header: fieldsToJson(dmarHeader.fields, table.header, resolve),
    structures: table.structures.map((structure) => structureToJson(structure, resolve)),
    ...(table.trailing.length === 0 ? {} : { trailing: bytesToHex(table.trailing) }),
  };
}

/** One structure in the shape of {@link tableToJson}. */
export const structureToJson = (structure: Structure, resolve?: ResolvePath): JsonFields =>
  fieldsToJson(kindOf(structure).layout.fields, structure, resolve);

/**
 * A device scope's device as text: its address where that is known, else its path notation; null for a
 * scope without any hop.
 */
export function scopeDevice(
  scope: Pick<DeviceScope, 'startBusNumber' | 'path'>,
  segment: number,
  resolve?: ResolvePath,
): string | null {
  const { startBusNumber, path } = scope;
  if (path.length === 0) return null;
  const resolved = path.length > 1 ? resolve?.(segment, startBusNumber, path) : null;
  return resolved ? formatSbdf(resolved) : formatPath(segment, startBusNumber, path);
}

function scopeToJson(scope: DeviceScope, segment: number, resolve?: ResolvePath): JsonFields {
  const { type, ...fields } = fieldsToJson(deviceScope.fields, scope);
  return {
    type: type as number,
    name: scopeTypeName(scope.type),
    ...fields,
    device: scopeDevice(scope, segment, resolve),
  };
}

function fieldsToJson(
  fields: readonly Field[],
  value: object,
  resolve?: ResolvePath,
): Record<string, JsonField> {
  const values = value as Readonly<Record<string, unknown>>;
  const json: Record<string, JsonField> = {};
  for (const { name, kind, flags } of fields) {
    const given = values[name];
    if (kind === 'u64') json[name] = formatAddress(given as bigint);
    else if (kind === 'flags') Object.assign(json, flagsToJson(given as number, flags as FlagBits));
    else if (kind === 'scopes') {
      const structure = value as Scoped;
      json[name] = structure.deviceScope.map((scope) =>
        scopeToJson(scope, structure.segment, resolve),
      );
    } else if (kind === 'bytes' || kind === 'rest') {
      const bytes = given as Uint8Array;
      if (bytes.length > 0 || name !== 'trailing') json[name] = bytesToHex(bytes);
    } else json[name] = given as JsonField;
  }
  return json;
}

const flagsToJson = (byte: number, bits: FlagBits): Record<string, JsonField> => ({
  flags: byte,
  ...Object.fromEntries(
    Object.entries(bits).map(([name, bit]) => [flagKey(name), ((byte >> bit) & 1) === 1]),
  ),
});
