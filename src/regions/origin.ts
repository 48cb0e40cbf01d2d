/** An RMRR of the table, by its place among the RMRRs and its byte offset. */
export interface RmrrPlace {
  readonly index: number;
  /** null where only a kernel's log shows the region. */
  readonly offset: number | null;
}

/** Where a reserved region stands written. */
export type RegionOrigin =
  | {
      readonly table: 'DMAR' | 'IVRS';
      readonly structure: 'RMRR' | 'IVMD';
      /** Place among the structures of that name, from 0. */
      readonly index: number;
      /** Of the structure in the table, in bytes. */
      readonly offset: number;
    }
  | {
      /** Xen's option; `dbgp`: memory of Xen's own that the option's device uses. */
      readonly option: 'rmrr' | 'ivmd' | 'dbgp';
    };

/** Where an RMRR stands written: in the table, or in `rmrr=`; null where only a log shows it. */
export function originOfRmrr(place: RmrrPlace | null): RegionOrigin | null {
  if (place === null) return { option: 'rmrr' };
  const { index, offset } = place;
  return offset === null ? null : { table: 'DMAR', structure: 'RMRR', index, offset };
}
