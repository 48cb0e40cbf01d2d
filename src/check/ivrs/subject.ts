import type { IvrsTable } from '../../acpi/ivrs/ivrs.js';
import type { HostFacts } from '../rule.js';

/** A decoded table laid out for the rules, and what is known of its machine. */
export class Subject {
  constructor(
    readonly table: IvrsTable,
    readonly host: HostFacts,
  ) {}
}
