import type { Layout } from '../layout.js';
import { type Andd, andd } from './andd.js';
import { type Atsr, atsr } from './atsr.js';
import type { DeviceScope } from './device-scope.js';
import { type Drhd, drhd } from './drhd.js';
import type { DmarReader } from './reader.js';
import { type Rhsa, rhsa } from './rhsa.js';
import { type Rmrr, rmrr } from './rmrr.js';
import { type Satc, satc } from './satc.js';
import { type Sidp, sidp } from './sidp.js';
import { type Unknown, unknown } from './unknown.js';

/** Any remapping structure; `name` tells which. */
export type Structure = Drhd | Rmrr | Atsr | Rhsa | Andd | Satc | Sidp | Unknown;

/** Bytes of the `type` and `length` every remapping structure begins with; all that skipped ones need. */
export const STRUCTURE_HEADER = 4;

/** What a structure type's number stands for. */
export interface StructureKind {
  readonly name: Structure['name'];
  /** The specification's full name. */
  readonly title: string;
  readonly layout: Layout<Structure, DmarReader>;
}

/** The structure types in the order of their numbers (VT-d specification, "Remapping Structure Types"). */
export const STRUCTURE_KINDS: readonly StructureKind[] = [
  { name: 'DRHD', title: 'DMA Remapping Hardware Unit Definition', layout: drhd },
  { name: 'RMRR', title: 'Reserved Memory Region Reporting', layout: rmrr },
  { name: 'ATSR', title: 'Root Port ATS Capability Reporting', layout: atsr },
  { name: 'RHSA', title: 'Remapping Hardware Static Affinity', layout: rhsa },
  { name: 'ANDD', title: 'ACPI Name-space Device Declaration', layout: andd },
  { name: 'SATC', title: 'SoC Integrated Address Translation Cache', layout: satc },
  { name: 'SIDP', title: 'SoC Integrated Device Property', layout: sidp },
] as readonly StructureKind[];

/** Kept byte for byte: what {@link STRUCTURE_KINDS} has no entry for, or what is too short for it. */
export const UNKNOWN_KIND = {
  name: 'unknown',
  title: 'unknown structure',
  layout: unknown,
} as unknown as StructureKind;

/** A structure that has device scopes. */
export type Scoped = Extract<Structure, { deviceScope: DeviceScope[] }>;

/** Layout and title that a decoded structure was read with. */
export const kindOf = (structure: Structure): StructureKind =>
  structure.name === 'unknown' ? UNKNOWN_KIND : (STRUCTURE_KINDS[structure.type] as StructureKind);
