import type { DecodedTable, TableLayout } from '../table-layout.js';
import { type DeviceScope, scopeDevice, scopeTypeName } from './device-scope.js';
import { DMAR_SIGNATURES, type DmarHeader, dmarHeader } from './header.js';
import { type Scoped, STRUCTURE_KINDS, type Structure } from './structures.js';
import { unknown } from './unknown.js';

/** A decoded DMAR table. */
export type DmarTable = DecodedTable<'DMAR', DmarHeader, Structure>;

/** The DMAR table (VT-d specification, "BIOS Considerations"). */
export const DMAR: TableLayout<DmarTable> = {
  kind: 'DMAR',
  signatures: DMAR_SIGNATURES,
  codePrefix: '',
  noun: 'structure',
  header: dmarHeader,
  checksumSeverity: 'warning',
  typeWidth: 2,
  kinds: STRUCTURE_KINDS,
  unknown,
  structureJson: () => ({}),
  entryJson(entry, structure, resolve) {
    const scope = entry as DeviceScope;
    const device = scopeDevice(scope, (structure as Scoped).segment, resolve);
    return { name: scopeTypeName(scope.type), more: { device } };
  },
  entryHeading(entry, structure, resolve) {
    const scope = entry as DeviceScope;
    const device = scopeDevice(scope, (structure as Scoped).segment, resolve);
    return `${scopeTypeName(scope.type)} ${device ?? 'without a path'}`;
  },
};
