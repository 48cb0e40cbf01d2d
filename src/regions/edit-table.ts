import type { Table } from '../acpi/tables.js';
import type { PciTopology } from '../machine/pci-topology.js';
import type { EditedTable, Edits } from './edit.js';
import { editDmar } from './edit-dmar.js';
import { editIvrs } from './edit-ivrs.js';

/** Changes a table's regions, whichever table it is; all else in it stays byte for byte. */
export const editTable = (table: Table, edits: Edits, pci: PciTopology | null): EditedTable =>
  table.kind === 'DMAR' ? editDmar(table, edits, pci) : editIvrs(table, edits, pci);
