import type { DeviceScope } from '../../acpi/dmar/device-scope.js';
import type { Rmrr } from '../../acpi/dmar/rmrr.js';
import type { Scoped, Structure } from '../../acpi/dmar/structures.js';
import type { TableStructure } from '../../acpi/table-layout.js';
import type { Inspection, Remarks } from '../rule.js';
import type { StructureOf, Subject } from './subject.js';

/** What a look is called as: checkTable gives each the structures that it asks for. */
type StructureLook = (structure: TableStructure, subject: Subject) => Remarks;

/** A look at each structure of some types. */
export const eachOf = <N extends Structure['name']>(
  names: readonly N[],
  look: (structure: StructureOf<N>, subject: Subject) => Remarks,
): Inspection<Subject> => ({
  part: 'structure',
  names,
  look: look as StructureLook,
});

/** A look at each structure, whatever it is. */
export const eachStructure = (
  look: (structure: Structure, subject: Subject) => Remarks,
): Inspection<Subject> => ({
  part: 'structure',
  names: null,
  look: look as StructureLook,
});

/** A look at each reserved memory region. */
export const eachRmrr = (look: (region: Rmrr, subject: Subject) => Remarks): Inspection<Subject> =>
  eachOf(['RMRR'], look);

/** A look at each device scope entry, and the structure that it stands in. */
export const eachScope = (
  look: (scope: DeviceScope, structure: Scoped, subject: Subject) => Remarks,
): Inspection<Subject> => ({
  part: 'entry',
  look: look as (entry: object, structure: TableStructure, subject: Subject) => Remarks,
});

/** A rule's test that compares the structures of a type with each other, so that it has nothing to say of one alone. */
export const among =
  <N extends Structure['name']>(
    name: N,
    compare: (structures: readonly StructureOf<N>[], subject: Subject) => Remarks,
  ) =>
  (subject: Subject): Remarks => {
    const structures = subject.all(name);
    return structures.length < 2 ? undefined : compare(structures, subject);
  };
