import type { StructureKind } from '../table-layout.js';
import { type Andd, andd } from './andd.js';
import { type Atsr, atsr } from './atsr.js';
import type { DeviceScope } from './device-scope.js';
import { type Drhd, drhd } from './drhd.js';
import { type Rhsa, rhsa } from './rhsa.js';
import { type Rmrr, rmrr } from './rmrr.js';
import { type Satc, satc } from './satc.js';
import { type Sidp, sidp } from './sidp.js';
import type { Unknown } from './unknown.js';

/** Any remapping structure; `name` tells which. */
export type Structure = Drhd | Rmrr | Atsr | Rhsa | Andd | Satc | Sidp | Unknown;

/** The structure types in the order of their numbers (VT-d specification, "Remapping Structure Types"). */
export const STRUCTURE_KINDS = [
  { name: 'DRHD', type: 0, title: 'DMA Remapping Hardware Unit Definition', layout: drhd },
  { name: 'RMRR', type: 1, title: 'Reserved Memory Region Reporting', layout: rmrr },
  { name: 'ATSR', type: 2, title: 'Root Port ATS Capability Reporting', layout: atsr },
  { name: 'RHSA', type: 3, title: 'Remapping Hardware Static Affinity', layout: rhsa },
  { name: 'ANDD', type: 4, title: 'ACPI Name-space Device Declaration', layout: andd },
  { name: 'SATC', type: 5, title: 'SoC Integrated Address Translation Cache', layout: satc },
  { name: 'SIDP', type: 6, title: 'SoC Integrated Device Property', layout: sidp },
] as readonly StructureKind[] as readonly StructureKind<Structure>[];

/** A structure that has device scopes. */
export type Scoped = Extract<Structure, { deviceScope: DeviceScope[] }>;
