import type { DmarTable } from '../../acpi/dmar/dmar.js';
import type { RuleSet } from '../rule.js';
import { DRHD_RULES } from './drhd-rules.js';
import { HOST_RULES } from './host-rules.js';
import { OTHER_RULES } from './other-rules.js';
import { RMRR_RULES } from './rmrr-rules.js';
import { SCOPE_RULES, STRUCTURE_RULES } from './structure-rules.js';
import { Subject } from './subject.js';
import { TABLE_RULES } from './table-rules.js';

/** Rules of the DMAR table. */
export const DMAR_RULES: RuleSet<DmarTable, Subject> = {
  rules: [
    ...TABLE_RULES,
    ...STRUCTURE_RULES,
    ...SCOPE_RULES,
    ...DRHD_RULES,
    ...RMRR_RULES,
    ...OTHER_RULES,
    ...HOST_RULES,
  ],
  subjectOf: (table, host) => new Subject(table, host),
  entriesOf: (structure) => ('deviceScope' in structure ? structure.deviceScope : []),
};
