import type { Diagnostic } from '../acpi/diagnostic.js';
import { scopeDevice } from '../acpi/dmar/device-scope.js';
import type { ResolvePath } from '../acpi/table-layout.js';
import { decodeTable, type Table } from '../acpi/tables.js';
import { Failure } from '../base/failure.js';
import { requireTable, type TableSource } from '../evidence/source.js';
import { type Evidence, requireEvidence } from './evidence.js';

/** A table, decoded. */
export interface ShowAnswer {
  readonly source: TableSource;
  readonly table: Table;
  readonly diagnostics: readonly Diagnostic[];
  /** Follows paths over the machine's bridges; left out where nothing is known of them. */
  readonly resolve: ResolvePath | undefined;
  /** What a person should know beside the diagnostics. */
  readonly notes: readonly string[];
}

/**
 * Every field of every structure.
 *
 * @throws Failure `no-table` for a kernel's log, `table-header-truncated` where not even the header is there
 */
export function answerShow(evidence: Evidence): ShowAnswer {
  requireEvidence(evidence);
  const { source: any, host } = evidence;
  const source = requireTable(any);
  const { table, diagnostics } = decodeTable(source.bytes, source.table);
  if (table === null) {
    throw new Failure('table-header-truncated', `${source.path}: ${diagnostics[0]?.message}`);
  }
  const pci = host?.pci;
  const resolve: ResolvePath | undefined = pci
    ? (segment, startBus, path) => pci.resolvePath(segment, startBus, path)
    : undefined;
  const notes = [...source.notes, ...noteUnresolved(table, resolve)];
  return { source, table, diagnostics, resolve, notes };
}

/** Says that paths over bridges could not be followed. */
function noteUnresolved({ structures }: Table, resolve?: ResolvePath): string[] {
  const paths = structures.flatMap((structure) => {
    if (!('deviceScope' in structure)) return [];
    const { segment } = structure;
    return structure.deviceScope
      .filter(({ startBusNumber: bus, path }) => path.length > 1 && !resolve?.(segment, bus, path))
      .map((scope) => scopeDevice(scope, segment));
  });
  const [first] = paths;
  if (first === undefined) return [];
  const which = paths.length === 1 ? 'One device' : `Each of ${paths.length} devices`;
  const why =
    resolve === undefined
      ? 'which bus that is only the machine can tell (--root)'
      : 'this machine has no such bridge';
  return [`${which} is named by a path over bridges, as ${first}; ${why}.`];
}
