import type { IvrsTable } from '../../acpi/ivrs/ivrs.js';
import type { RuleSet } from '../rule.js';
import { Subject } from './subject.js';

/** Rules of the IVRS table. */
export const IVRS_RULES: RuleSet<IvrsTable, Subject> = {
  rules: [],
  subjectOf: (table, host) => new Subject(table, host),
};
