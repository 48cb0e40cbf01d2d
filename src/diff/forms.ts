import type { TableName } from '../acpi/table-layout.js';
import { DMAR_DIFF } from './dmar/form.js';
import type { DiffForm } from './form.js';
import { IVRS_DIFF } from './ivrs/form.js';

/** How the structures of each table are compared. */
export const DIFF_FORMS: Readonly<Record<TableName, DiffForm>> = {
  DMAR: DMAR_DIFF as DiffForm,
  IVRS: IVRS_DIFF as DiffForm,
};
