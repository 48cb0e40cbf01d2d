import { layout } from '../layout.js';
import type { StructureKind } from '../table-layout.js';
import { IVHD_TYPE, type Ivhd, ivhd10, ivhd11 } from './ivhd.js';
import { IVMD_TYPE, type Ivmd, ivmd } from './ivmd.js';

/** A block of a type that no specification has, or too short for its own type: kept byte for byte. */
export const unknownBlock = layout((f) => ({
  type: f.u8(),
  name: f.constant('unknown'),
  offset: f.position(),
  flags: f.u8(),
  length: f.u16(),
  data: f.rest(),
}));

export type UnknownBlock = ReturnType<typeof unknownBlock.decode>;

/** Any block; `name` tells which. */
export type Block = Ivhd | Ivmd | UnknownBlock;

const HARDWARE = 'I/O Virtualization Hardware Definition';
const MEMORY = 'I/O Virtualization Memory Definition';

/** The types of blocks (AMD I/O virtualization specification, "I/O Virtualization Reporting Structure (IVRS)"). */
export const BLOCK_KINDS = [
  { name: 'IVHD', type: IVHD_TYPE.basic, title: `${HARDWARE}, type 10h`, layout: ivhd10 },
  { name: 'IVHD', type: IVHD_TYPE.efr, title: `${HARDWARE}, type 11h`, layout: ivhd11 },
  { name: 'IVHD', type: IVHD_TYPE.acpi, title: `${HARDWARE}, type 40h`, layout: ivhd11 },
  { name: 'IVMD', type: IVMD_TYPE.all, title: `${MEMORY}, all devices`, layout: ivmd },
  { name: 'IVMD', type: IVMD_TYPE.device, title: `${MEMORY}, one device`, layout: ivmd },
  { name: 'IVMD', type: IVMD_TYPE.range, title: `${MEMORY}, a range of devices`, layout: ivmd },
  { name: 'IVMD', type: IVMD_TYPE.iommu, title: `${MEMORY}, devices of an IOMMU`, layout: ivmd },
] as readonly StructureKind[] as readonly StructureKind<Block>[];
