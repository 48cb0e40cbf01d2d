import { layout } from '../layout.js';
import type { DmarReader } from './reader.js';

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
export const deviceScope = layout((f: DmarReader) => ({
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
