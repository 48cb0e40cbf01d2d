import type { DecodedTable, TableName, TableStructure } from '../acpi/table-layout.js';
import { nameOf as nameOfDmar } from './dmar/names.js';
import { nameOf as nameOfIvrs } from './ivrs/names.js';

const NAMES = {
  DMAR: nameOfDmar,
  IVRS: nameOfIvrs,
} as Readonly<Record<TableName, (structure: TableStructure) => string>>;

/** What a structure of a table is called by what it is about, e.g. `RMRR 0xbf7e8000-0xbf7f7fff`. */
export const structureName = (kind: DecodedTable['kind'], structure: TableStructure): string =>
  NAMES[kind](structure);
