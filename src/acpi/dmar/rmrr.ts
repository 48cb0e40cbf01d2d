import { formatSize } from '../../base/address.js';
import { layout, type Meaning } from '../layout.js';
import { deviceScopes } from './device-scope.js';

/** Size of the region from its base to its last byte. */
const regionSize: Meaning<bigint> = (limit, { baseAddress: base }) =>
  limit < (base as bigint)
    ? 'below the base'
    : `last byte of ${formatSize(limit - (base as bigint) + 1n)}`;

/** Reserved Memory Region Reporting structure (VT-d specification, "BIOS Considerations"). */
export const rmrr = layout((f) => ({
  type: f.u16(),
  name: f.constant('RMRR'),
  offset: f.position(),
  length: f.u16(),
  reserved: f.u16(),
  segment: f.u16(),
  baseAddress: f.u64(),
  /** Inclusive: the last byte of the region. */
  limitAddress: f.u64(regionSize),
  deviceScope: f.list(deviceScopes),
  trailing: f.rest(),
}));

export type Rmrr = ReturnType<typeof rmrr.decode>;
