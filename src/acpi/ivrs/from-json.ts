import { parseSbdf } from '../../base/sbdf.js';
import { type JsonForm, type JsonObject, type JsonReader, keysOf, quote } from '../from-json.js';
import type { Layout } from '../layout.js';
import {
  type DeviceEntry,
  ENTRY,
  ENTRY_NAMES,
  entryLayout,
  entryTypeName,
} from './device-entry.js';
import { IVMD_TYPE } from './ivmd.js';

/** Types of entries by their names; of two of one name, as padding is, the shorter. */
const TYPES_BY_NAME = new Map(
  Object.entries(ENTRY_NAMES)
    .reverse()
    .map(([type, name]) => [name, Number(type)]),
);

/**
 * What sources of IVRS tables may say beside the fields: `device`, `lastDevice` and `sourceDevice` as addresses
 * in place of device IDs, which tell the segment too; `devices` in place of `deviceEntries`; an entry as text,
 * `00:01.0` or a range `00:01.0-ff:1f.6`; the type of an IVMD by the devices it names.
 */
export const IVRS_FORM: JsonForm = {
  headerDefaults: { signature: 'IVRS', revision: 2 },
  structureKeys: ({ fields }) => {
    const has = (name: string) => fields.some((field) => field.name === name);
    return [
      ...(has('deviceEntries') ? ['devices'] : []),
      ...(has('deviceId') ? ['device'] : []),
      ...(has('auxiliaryData') ? ['lastDevice'] : []),
    ];
  },
  kindOf: ({ device, lastDevice }, kinds) => {
    const type =
      lastDevice !== undefined
        ? IVMD_TYPE.range
        : device === undefined || device === null
          ? IVMD_TYPE.all
          : IVMD_TYPE.device;
    return kinds.find((kind) => kind.type === type);
  },
  complete(reader, _name, source, path) {
    const segment =
      source.segment ?? segmentOf(source.device) ?? segmentOf(source.lastDevice) ?? undefined;
    const ids = (key: string, id: string) =>
      readId(reader, source, key, id, `${path}.${key}`, segment);
    const deviceId = ids('device', 'deviceId');
    const auxiliaryData = ids('lastDevice', 'auxiliaryData');
    return { ...source, segment, deviceId, auxiliaryData };
  },
  entries(reader, source, { segment }, path) {
    const { deviceEntries: long, devices: short } = source;
    if (long !== undefined && short !== undefined) {
      const message = 'devices and deviceEntries say the same thing; give one of them.';
      reader.complain('json-contradiction', `${path}.devices`, message);
    }
    const at = `${path}.${long === undefined ? 'devices' : 'deviceEntries'}`;
    return reader
      .list(long ?? short ?? [], at)
      .flatMap((entry, i) => readEntries(reader, entry, `${at}[${i}]`, segment));
  },
};

/** The segment that an address as text names; undefined where it names none. */
function segmentOf(device: unknown): number | undefined {
  const names = typeof device === 'string' && /^[0-9a-f]+:[0-9a-f]+:/i.test(device);
  return names ? parseSbdf(device)?.segment : undefined;
}

/**
 * A device ID from its number, from an address under another key, or from both where they agree.
 *
 * @param segment that of the block; what is no segment is complained of elsewhere
 */
function readId(
  reader: JsonReader,
  source: JsonObject,
  key: string,
  id: string,
  path: string,
  segment: unknown,
): unknown {
  const device = source[key];
  if (device === undefined || device === null) return source[id];
  const parsed = typeof device === 'string' ? parseSbdf(device) : null;
  if (parsed === null) {
    const message = `${quote(device)} is no device; write 0000:00:14.0.`;
    return reader.complain('json-type', path, message);
  }
  if (segmentOf(device) !== undefined && parsed.segment !== Number(segment ?? 0)) {
    const message = `The device is on segment ${parsed.segment}, but its block is for segment ${segment ?? 0}.`;
    return reader.complain('json-contradiction', path, message);
  }
  const deviceId = parsed.bus * 0x100 + parsed.device * 8 + parsed.func;
  const given = source[id];
  if (given !== undefined && Number(given) !== deviceId) {
    const message = `The device has the ID ${deviceId}, but ${id} is ${quote(given)}.`;
    return reader.complain('json-contradiction', path, message);
  }
  return deviceId;
}

/** The entry that an object describes, or those that a text does: a range is two. */
function readEntries(
  reader: JsonReader,
  json: unknown,
  path: string,
  segment: unknown,
): DeviceEntry[] {
  if (typeof json !== 'string') return [readEntry(reader, json, path, segment)];
  const [first, last] = json.split('-');
  const ends =
    last === undefined
      ? [{ type: ENTRY.select, device: first }]
      : [
          { type: ENTRY.rangeStart, device: first },
          { type: ENTRY.rangeEnd, device: last },
        ];
  return ends.map((end) => readEntry(reader, end, path, segment));
}

function readEntry(reader: JsonReader, json: unknown, path: string, segment: unknown): DeviceEntry {
  const { name, type } = (json ?? {}) as JsonObject;
  const known = readType(reader, name, type, path);
  const layout: Layout<DeviceEntry> = entryLayout(known);
  const keys = [...keysOf(layout.fields), 'name', 'device', 'sourceDevice'];
  const source = reader.object(json, path, keys);
  const uid = typeof source.uid === 'string' ? source.uid.replace(/\s/g, '') : '';
  const fields = {
    // Where there is no compatible ID its bytes are 0, not blanks.
    compatibleId: '\0'.repeat(8),
    ...source,
    type: known,
    deviceId: readId(reader, source, 'device', 'deviceId', `${path}.device`, segment),
    sourceDeviceId: readId(
      reader,
      source,
      'sourceDevice',
      'sourceDeviceId',
      `${path}.sourceDevice`,
      segment,
    ),
    uidLength: reader.leftOut(source, 'uidLength') ? uid.length / 2 : source.uidLength,
  };
  return reader.fields(layout.fields, fields, path) as unknown as DeviceEntry;
}

/** The type of an entry by its `type`, its `name`, or both where they agree. */
function readType(reader: JsonReader, name: unknown, type: unknown, path: string): number {
  if (type === undefined) {
    if (name === undefined) return ENTRY.select;
    const known = TYPES_BY_NAME.get(String(name));
    if (known !== undefined) return known;
    const names = [...TYPES_BY_NAME.keys()].join(', ');
    const message = `There is no device entry ${quote(name)}; the names are ${names}.`;
    reader.complain('json-range', `${path}.name`, message);
    return ENTRY.select;
  }
  const number = Number(reader.integer(type, 1, `${path}.type`));
  if (name !== undefined && name !== entryTypeName(number)) {
    const message = `The name of type ${quote(type)} is ${quote(entryTypeName(number))}, not ${quote(name)}.`;
    reader.complain('json-contradiction', `${path}.name`, message);
  }
  return number;
}
