import type { Structure } from '../../acpi/dmar/structures.js';
import { hex } from '../../base/hex.js';
import { formatSegment } from '../../base/sbdf.js';

/** What a structure is called by what it is about, e.g. `RMRR 0xbf7e8000-0xbf7f7fff`. */
export function nameOf(structure: Structure): string {
  switch (structure.name) {
    case 'DRHD':
      return `DRHD ${hex(structure.registerBaseAddress)}${segmentOf(structure)}`;
    case 'RMRR':
      return `RMRR ${hex(structure.baseAddress)}-${hex(structure.limitAddress)}${segmentOf(structure)}`;
    case 'RHSA':
      return `RHSA of the unit ${hex(structure.registerBaseAddress)}`;
    case 'ANDD':
      return `ANDD ${structure.acpiDeviceNumber} ${structure.acpiPath}`;
    case 'unknown':
      return `structure of type ${structure.type}`;
    default:
      return `${structure.name}${segmentOf(structure)}`;
  }
}

/** Named only where it is not the usual one. */
const segmentOf = ({ segment }: { segment: number }): string =>
  segment === 0 ? '' : ` on segment ${formatSegment(segment)}`;
