import { type FlagBits, layout } from '../layout.js';
import { deviceScopes } from './device-scope.js';

const SATC_FLAGS = { ATC_REQUIRED: 0 } as const satisfies FlagBits;

/** SoC Integrated Address Translation Cache Reporting structure (VT-d specification, "BIOS Considerations"). */
export const satc = layout((f) => ({
  type: f.u16(),
  name: f.constant('SATC'),
  offset: f.position(),
  length: f.u16(),
  flags: f.flags(SATC_FLAGS),
  reserved: f.u8(),
  segment: f.u16(),
  deviceScope: f.list(deviceScopes),
  trailing: f.rest(),
}));

export type Satc = ReturnType<typeof satc.decode>;
