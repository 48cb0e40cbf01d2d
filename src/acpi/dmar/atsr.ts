import { type FlagBits, layout } from '../layout.js';
import { deviceScopes } from './device-scope.js';

export const ATSR_FLAGS = { ALL_PORTS: 0 } as const satisfies FlagBits;

/** Root Port ATS Capability Reporting structure (VT-d specification, "BIOS Considerations"). */
export const atsr = layout((f) => ({
  type: f.u16(),
  name: f.constant('ATSR'),
  offset: f.position(),
  length: f.u16(),
  flags: f.flags(ATSR_FLAGS),
  reserved: f.u8(),
  segment: f.u16(),
  deviceScope: f.list(deviceScopes),
  trailing: f.rest(),
}));

export type Atsr = ReturnType<typeof atsr.decode>;
