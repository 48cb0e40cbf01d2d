import { formatPath, formatSbdf } from '../../base/sbdf.js';
import type { Diagnostic } from '../diagnostic.js';
import { type EntryList, layout, type Reader } from '../layout.js';
import type { ResolvePath } from '../table-layout.js';

/** What a device scope entry's type says (VT-d specification, "Device Scope Structure"). */
export const SCOPE_TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'PCI endpoint',
  2: 'PCI sub-hierarchy',
  3: 'I/O APIC',
  4: 'MSI-capable HPET',
  5: 'ACPI name-space device',
};

export const SCOPE_ENDPOINT = 1;
export const SCOPE_SUB_HIERARCHY = 2;
export const SCOPE_IOAPIC = 3;
export const SCOPE_HPET = 4;
export const SCOPE_ACPI_DEVICE = 5;

/** Name of a device scope type; says so where the specification has none. */
export const scopeTypeName = (type: number): string => SCOPE_TYPE_NAMES[type] ?? 'unknown';

/**
 * Device scope entry: one device, or one bridge and all below it, that a remapping structure speaks of.
 * `length` counts the whole entry in bytes; `path` holds one pair of device and function per hop from
 * `startBusNumber` (VT-d specification, "Device Scope Structure").
 */
export const deviceScope = layout((f) => ({
  type: f.u8(scopeTypeName),
  offset: f.position(),
  length: f.u8(),
  flags: f.u8(),
  reserved: f.u8(),
  enumerationId: f.u8(),
  startBusNumber: f.u8(),
  path: f.path(),
  trailing: f.rest(),
}));

/** A decoded device scope entry. `trailing` holds the last byte of an entry of odd length. */
export type DeviceScope = ReturnType<typeof deviceScope.decode>;

/** Whether an entry names a PCI device, or a bridge and what is below it. */
export const isPciScope = ({ type }: DeviceScope): boolean =>
  type === SCOPE_ENDPOINT || type === SCOPE_SUB_HIERARCHY;

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

/** Fixed part of a device scope entry in bytes. */
const SCOPE_FIXED = 6;
/** Shortest device scope entry the specification allows: one hop. */
const SCOPE_SHORTEST = 8;

/**
 * Device scope entries up to the end of the structure. Reading stops before an entry that cannot be one
 * (shorter than its fixed part, or running past the structure); its bytes are left to `rest`.
 */
export const deviceScopes: EntryList<DeviceScope> = {
  layoutOf: () => deviceScope,
  read(reader) {
    const { end } = reader;
    const scopes: DeviceScope[] = [];
    while (reader.pos + SCOPE_FIXED <= end) {
      const length = reader.bytes[reader.pos + 1] as number;
      const overruns = reader.pos + length > end;
      if (length < SCOPE_SHORTEST || length % 2 === 1 || overruns) {
        complainOfLength(reader, length);
        if (length < SCOPE_FIXED || overruns) return scopes;
      }
      scopes.push(reader.nested(deviceScope, length));
    }
    if (reader.pos < end) complainOfTail(reader);
    return scopes;
  },
};

function complainOfTail({ diagnostics, pos, end }: Reader): void {
  const length = end - pos;
  diagnostics.push({
    code: 'scope-header-truncated',
    severity: 'error',
    offset: pos,
    length,
    message: `The last ${length} bytes of the structure, at offset ${pos}, are too few for a device scope entry.`,
  });
}

function complainOfLength({ diagnostics, pos, end }: Reader, length: number): void {
  const add = (code: string, severity: Diagnostic['severity'], message: string) =>
    diagnostics.push({ code, severity, offset: pos + 1, length: 1, message });
  const entry = `The device scope entry at offset ${pos}`;
  if (length < SCOPE_SHORTEST) {
    add(
      'scope-length-short',
      'error',
      `${entry} claims a length of ${length} bytes; the shortest one, with a single hop, has ${SCOPE_SHORTEST}.`,
    );
  } else if (pos + length > end) {
    add(
      'scope-length-overrun',
      'error',
      `${entry} claims a length of ${length} bytes, but its structure ends after ${end - pos}.`,
    );
  } else {
    add(
      'scope-length-odd',
      'error',
      `${entry} has an odd length of ${length} bytes, so its path ends in half a hop.`,
    );
  }
}
