import type { Table } from '../acpi/tables.js';
import type { PciTopology } from '../machine/pci-topology.js';
import { DmarRegions } from './of-dmar.js';
import { IvrsRegions } from './of-ivrs.js';
import type { RegionUses } from './region.js';

/**
 * Which of a table's reserved regions touch which functions of a machine.
 *
 * @param pci null where the machine is unknown
 */
export const regionsOf = (table: Table, pci: PciTopology | null): RegionUses =>
  table.kind === 'DMAR' ? new DmarRegions(table, pci) : new IvrsRegions(table, pci);
