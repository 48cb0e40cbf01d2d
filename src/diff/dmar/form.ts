import { type DeviceScope, scopeTypeName } from '../../acpi/dmar/device-scope.js';
import type { Structure } from '../../acpi/dmar/structures.js';
import type { JsonFields } from '../../acpi/table-layout.js';
import type { DiffForm } from '../form.js';

/** How structures of DMAR tables are compared. */
export const DMAR_DIFF: DiffForm<Structure> = {
  keys: [
    (s) => {
      switch (s.name) {
        case 'DRHD':
          return `DRHD ${s.segment} ${s.registerBaseAddress}`;
        case 'RMRR':
          return `RMRR ${s.segment} ${s.baseAddress} ${s.limitAddress}`;
        case 'RHSA':
          return `RHSA ${s.registerBaseAddress}`;
        case 'ANDD':
          return `ANDD ${s.acpiDeviceNumber}`;
        case 'unknown':
          return null;
        default:
          return `${s.name} ${s.segment} ${scopeKey(s.deviceScope)}`;
      }
    },
    (s) => {
      switch (s.name) {
        case 'RMRR':
          return s.deviceScope.length === 0 ? null : `RMRR ${s.segment} ${scopeKey(s.deviceScope)}`;
        case 'DRHD':
          return `DRHD ${s.segment} ${s.flags} ${scopeKey(s.deviceScope)}`;
        case 'RHSA':
          return `RHSA ${s.proximityDomain}`;
        case 'ANDD':
          return `ANDD ${s.acpiPath}`;
        case 'unknown':
          return `${s.type}`;
        default:
          return `${s.name} ${s.segment}`;
      }
    },
    // One that changed its segment and nothing else.
    (s) => {
      switch (s.name) {
        case 'DRHD':
          return `DRHD ${s.registerBaseAddress}`;
        case 'RMRR':
          return `RMRR ${s.baseAddress} ${s.limitAddress}`;
        case 'RHSA':
        case 'ANDD':
        case 'unknown':
          return null;
        default:
          return `${s.name} ${scopeKey(s.deviceScope)}`;
      }
    },
  ],
  regionOf: (s) =>
    s.name === 'RMRR' ? { segment: s.segment, base: s.baseAddress, limit: s.limitAddress } : null,
  registersOf: (s) => (s.name === 'DRHD' ? s.registerBaseAddress : null),
  toldBy: { startBusNumber: 'device', path: 'device' },
  entryKeys: [
    (entry) => `${entry.type} ${entry.enumerationId} ${entry.device}`,
    (entry) => (isPci(entry) ? `${entry.device}` : null),
    (entry) => (isPci(entry) ? null : `${entry.type} ${entry.enumerationId}`),
  ],
  entryName(entry) {
    const { type, name, enumerationId, device } = entry;
    const kind = name === scopeTypeName(0) ? `type ${type}` : String(name);
    return isPci(entry) ? `${kind} ${device}` : `${kind} ${enumerationId}, ${device}`;
  },
};

const isPci = ({ type }: JsonFields): boolean => type === 1 || type === 2;

/** The devices of a scope, whatever their order. */
const scopeKey = (scope: readonly DeviceScope[]): string =>
  scope
    .map(({ type, enumerationId, startBusNumber, path }) =>
      [type, enumerationId, startBusNumber, ...path].join(),
    )
    .sort()
    .join(' ');
