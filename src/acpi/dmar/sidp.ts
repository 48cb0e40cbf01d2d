import { layout } from '../layout.js';
import { deviceScopes } from './device-scope.js';

/** SoC Integrated Device Property Reporting structure (VT-d specification, "BIOS Considerations"). */
export const sidp = layout((f) => ({
  type: f.u16(),
  name: f.constant('SIDP'),
  offset: f.position(),
  length: f.u16(),
  reserved: f.u16(),
  segment: f.u16(),
  deviceScope: f.list(deviceScopes),
  trailing: f.rest(),
}));

export type Sidp = ReturnType<typeof sidp.decode>;
