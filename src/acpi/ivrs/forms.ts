import { hasFlag } from '../layout.js';
import { IV_INFO } from './header.js';
import { IVHD_TYPE, type Ivhd } from './ivhd.js';
import type { IvrsTable } from './ivrs.js';

/** Whose reading of a table is meant: each takes the IVHDs of one form and skips the others. */
export type FormReader = 'Linux' | 'Xen';

/** The types of IVHDs that a reader knows, the one it likes best first. */
function knownForms(table: IvrsTable, reader: FormReader): readonly number[] {
  if (reader === 'Linux') return [IVHD_TYPE.acpi, IVHD_TYPE.efr, IVHD_TYPE.basic];
  return hasFlag(table.header.ivInfo, IV_INFO, 'EFRSup')
    ? [IVHD_TYPE.efr, IVHD_TYPE.basic]
    : [IVHD_TYPE.basic];
}

/** The IVHDs of a table, in any form. */
export const ivhdsOf = ({ structures }: IvrsTable): Ivhd[] =>
  structures.filter((block) => block.name === 'IVHD');

/**
 * The IVHDs that a reader goes by: those of the highest type it knows that the table has. Xen knows no type 40h,
 * and type 11h only where EFRSup is set (Xen, xen/drivers/passthrough/amd/iommu_acpi.c, get_supported_ivhd_type;
 * Linux, drivers/iommu/amd/init.c, get_highest_supported_ivhd_type).
 */
export function ivhdsFor(table: IvrsTable, reader: FormReader): Ivhd[] {
  const ivhds = ivhdsOf(table);
  const form = knownForms(table, reader).find((type) => ivhds.some((ivhd) => ivhd.type === type));
  return ivhds.filter(({ type }) => type === form);
}
