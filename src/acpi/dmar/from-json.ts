import { formatPath, parsePath, type ScopePath } from '../../base/sbdf.js';
import { encodeValue } from '../encode.js';
import { type JsonForm, type JsonObject, type JsonReader, keysOf, quote } from '../from-json.js';
import {
  type DeviceScope,
  deviceScope,
  SCOPE_ENDPOINT,
  SCOPE_TYPE_NAMES,
  scopeTypeName,
} from './device-scope.js';

const KNOWN_SCOPE_TYPES = Object.entries(SCOPE_TYPE_NAMES);
const SCOPE_KEYS = [...keysOf(deviceScope.fields), 'name', 'device'];

/**
 * What sources of DMAR tables may say beside the fields: `devices` may stand for `deviceScope` and list plain
 * addresses, which tell the segment too; an ACPI path comes without the NUL that ends it in the table.
 */
export const DMAR_FORM: JsonForm = {
  headerDefaults: { signature: 'DMAR', revision: 1, hostAddressWidth: 0x26 },
  structureKeys: ({ fields }) => (fields.some(({ kind }) => kind === 'list') ? ['devices'] : []),
  kindOf: (_source, [kind]) => kind,
  complete(reader, name, source) {
    const trailing =
      name === 'ANDD' && reader.leftOut(source, 'length')
        ? (source.trailing ?? '00')
        : source.trailing;
    return { ...source, segment: source.segment ?? segmentOfDevices(source), trailing };
  },
  entries: (reader, source, { segment }, path) => readScopes(reader, source, Number(segment), path),
};

/** The segment of the first device that names one; undefined where none does. */
function segmentOfDevices({ deviceScope, devices }: JsonObject): number | undefined {
  const scopes = deviceScope ?? devices;
  for (const scope of Array.isArray(scopes) ? scopes : []) {
    const segment = deviceOf(scope)?.segment ?? null;
    if (segment !== null) return segment;
  }
  return undefined;
}

function readScopes(
  reader: JsonReader,
  { deviceScope: long, devices: short }: JsonObject,
  segment: number,
  path: string,
): DeviceScope[] {
  if (long !== undefined && short !== undefined) {
    const message = 'devices and deviceScope say the same thing; give one of them.';
    reader.complain('json-contradiction', `${path}.devices`, message);
  }
  const at = `${path}.${long === undefined ? 'devices' : 'deviceScope'}`;
  return reader
    .list(long ?? short ?? [], at)
    .map((scope, i) => readScope(reader, scope, `${at}[${i}]`, segment));
}

function readScope(reader: JsonReader, json: unknown, path: string, segment: number): DeviceScope {
  const source = reader.object(
    typeof json === 'string' ? { device: json } : json,
    path,
    SCOPE_KEYS,
  );
  const device = readDevice(reader, source, path, segment);
  const filled = {
    ...source,
    type: readScopeType(reader, source, path),
    startBusNumber: source.startBusNumber ?? device?.startBus,
    path: source.path ?? device?.path ?? [],
  };
  const scope = reader.fields(deviceScope.fields, filled, path) as unknown as DeviceScope;
  checkDevice(reader, source, scope, path, segment);
  if (reader.leftOut(source, 'length') && reader.problems.length === 0) {
    scope.length = encodeValue(deviceScope, scope).length;
    if (scope.length > 0xff) {
      const message = `The device scope entry has ${scope.length} bytes; its length field can tell ${0xff} at most.`;
      reader.complain('json-range', path, message);
    }
  }
  return scope;
}

function readScopeType(reader: JsonReader, { type, name }: JsonObject, path: string): unknown {
  if (name === undefined) return type ?? SCOPE_ENDPOINT;
  if (type === undefined) {
    const known = KNOWN_SCOPE_TYPES.find(([, known]) => known === name);
    if (known !== undefined) return Number(known[0]);
    const names = KNOWN_SCOPE_TYPES.map(([, known]) => known).join(', ');
    const message = `There is no device scope ${quote(name)}; the names are ${names}.`;
    return reader.complain('json-range', `${path}.name`, message);
  }
  const right = scopeTypeName(Number(type));
  if (name !== right) {
    const message = `The name of type ${quote(type)} is ${quote(right)}, not ${quote(name)}.`;
    reader.complain('json-contradiction', `${path}.name`, message);
  }
  return type;
}

/** What `device` says, which must be on the structure's segment. */
function readDevice(
  reader: JsonReader,
  source: JsonObject,
  path: string,
  segment: number,
): ScopePath | null {
  const { device } = source;
  if (device === undefined || device === null) {
    if (source.path === undefined) reader.missing(`${path}.device`);
    return null;
  }
  const parsed = deviceOf(source);
  if (parsed === null) {
    const message = `${quote(device)} is no device; write 0000:00:1d.0, or 0000:00:1c.0/00.0 for one behind a bridge.`;
    reader.complain('json-type', `${path}.device`, message);
  } else if (parsed.segment !== null && parsed.segment !== segment) {
    const message = `The device is on segment ${parsed.segment}, but its structure is for segment ${segment}.`;
    reader.complain('json-contradiction', `${path}.device`, message);
  }
  return parsed;
}

/**
 * `device` and the path say the same thing. A path of several hops may stand beside the plain address it
 * was resolved to on some machine, of which the table holds nothing.
 */
function checkDevice(
  reader: JsonReader,
  source: JsonObject,
  scope: DeviceScope,
  path: string,
  segment: number,
): void {
  const device = deviceOf(source);
  if (device === null || (scope.path.length > 1 && device.path.length === 1)) return;
  const fromDevice = formatPath(segment, device.startBus, device.path);
  const fromPath = formatPath(segment, scope.startBusNumber, scope.path);
  if (fromDevice !== fromPath) {
    const message = `The device is ${fromDevice}, but startBusNumber and path say ${fromPath}.`;
    reader.complain('json-contradiction', `${path}.device`, message);
  }
}

/** The device that a scope written as text or object names; null where it names none, or nothing sensible. */
function deviceOf(scope: unknown): ScopePath | null {
  const device = typeof scope === 'object' && scope !== null ? (scope as JsonObject).device : scope;
  return typeof device === 'string' ? parsePath(device) : null;
}
