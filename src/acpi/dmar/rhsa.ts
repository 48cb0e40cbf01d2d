import { layout } from '../layout.js';

/** Remapping Hardware Static Affinity structure (VT-d specification, "BIOS Considerations"). */
export const rhsa = layout((f) => ({
  type: f.u16(),
  name: f.constant('RHSA'),
  offset: f.position(),
  length: f.u16(),
  reserved: f.u32(),
  /** That of the DRHD this structure speaks of. */
  registerBaseAddress: f.u64(),
  proximityDomain: f.u32(),
  trailing: f.rest(),
}));

export type Rhsa = ReturnType<typeof rhsa.decode>;
