import { type FlagBits, hasFlag, layout } from '../layout.js';
import { deviceScopes } from './device-scope.js';

export const DRHD_FLAGS = { INCLUDE_PCI_ALL: 0 } as const satisfies FlagBits;

/** Pages of 4 KiB that a unit's registers take, from bits 3:0 of its size field. */
export const registerSetPages = (size: number): number => 2 ** (size & 0xf);

const registerSetSize = (size: number): string => {
  const pages = registerSetPages(size);
  return `register set of ${pages} ${pages === 1 ? 'page' : 'pages'}, ${pages * 4} KiB`;
};

/** DMA Remapping Hardware Unit Definition (VT-d specification, "BIOS Considerations"). */
export const drhd = layout((f) => ({
  type: f.u16(),
  name: f.constant('DRHD'),
  offset: f.position(),
  length: f.u16(),
  flags: f.flags(DRHD_FLAGS),
  /** Bits 3:0 hold N: the register set has 2^N pages of 4 KiB. Reserved in older specifications. */
  size: f.u8(registerSetSize),
  segment: f.u16(),
  registerBaseAddress: f.u64(),
  deviceScope: f.list(deviceScopes),
  trailing: f.rest(),
}));

export type Drhd = ReturnType<typeof drhd.decode>;

/** Whether a unit takes all PCI devices of its segment that no other unit names. */
export const includesPciAll = ({ flags }: Drhd): boolean =>
  hasFlag(flags, DRHD_FLAGS, 'INCLUDE_PCI_ALL');
