import type { Table } from '../acpi/tables.js';
import type { Finding } from '../check/check.js';
import { answerCheck } from './check.js';
import type { Evidence } from './evidence.js';
import type { XenOptions } from './hypervisor.js';
import { answerMap, decoded, type MapAnswer } from './map.js';

/** What is to say of one table among many: its map, and what is wrong with it. */
export interface ScanAnswer {
  readonly map: MapAnswer;
  /** null for a kernel's log, and where not even the header could be decoded. */
  readonly table: Table | null;
  readonly findings: readonly Finding[];
}

/**
 * A table's map, and what is wrong with it.
 *
 * @throws Failure `unknown-release`
 */
export function answerScan(evidence: Evidence, options: XenOptions = {}): ScanAnswer {
  const isTable = evidence.source.kind === 'table';
  return {
    map: answerMap(evidence, options),
    table: decoded(evidence.source).table,
    findings: isTable ? answerCheck(evidence).result.findings : [],
  };
}
