import type { IvrsTable } from '../../acpi/ivrs/ivrs.js';
import type { RuleSet } from '../rule.js';
import { BLOCK_RULES } from './block-rules.js';
import { ENTRY_RULES } from './entry-rules.js';
import { IVMD_RULES } from './ivmd-rules.js';
import { Subject } from './subject.js';
import { TABLE_RULES } from './table-rules.js';

/** Rules of the IVRS table. */
export const IVRS_RULES: RuleSet<IvrsTable, Subject> = {
  rules: [...TABLE_RULES, ...BLOCK_RULES, ...ENTRY_RULES, ...IVMD_RULES],
  subjectOf: (table, host) => new Subject(table, host),
  // Its rules go through the entries themselves: they look at those of one form only, or at several at once.
  entriesOf: () => [],
};
